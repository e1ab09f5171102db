import type { Duplex } from 'node:stream';
import { TransportError } from '../../kernel/errors.ts';
import type { TpmTransport } from '../transport.ts';
import { FramedConnection, malformed } from './framed-connection.ts';
import { createSwtpmControl, type SwtpmControl } from './swtpm-control.ts';
import { responseCodeOf, responseLength } from './tpm-framing.ts';

// TPM2_Startup(TPM_SU_CLEAR), TPM 2.0 Part 3 §9.3.
const startupClear = Uint8Array.from([0x80, 0x01, 0, 0, 0, 0x0c, 0, 0, 0x01, 0x44, 0, 0]);

/** How long one command may take before the connection is given up. RSA key creation may need seconds. */
const RESPONSE_DEADLINE_MS = 30_000;

export interface SwtpmConnectionOptions {
  /** For commands. */
  readonly data: Duplex;
  /** For power and state. */
  readonly control: Duplex;
  /** What requests fail with once swtpm has gone. */
  readonly goneError: () => TransportError;
  /** Lets go of whatever is behind the two channels. */
  readonly release: () => Promise<void>;
  readonly responseDeadlineMs?: number | undefined;
}

/** A TPM that is a swtpm, wherever it runs, over its two channels. Not for parallel use: see the queue decorator. */
export class SwtpmConnection implements TpmTransport {
  readonly #data: FramedConnection;
  readonly #controlConnection: FramedConnection;
  readonly #control: SwtpmControl;
  readonly #responseDeadlineMs: number;
  readonly #release: () => Promise<void>;
  #poweredOn = false;

  constructor(options: SwtpmConnectionOptions) {
    const { data, control, goneError, release, responseDeadlineMs = RESPONSE_DEADLINE_MS } = options;
    this.#data = new FramedConnection(data, goneError);
    this.#controlConnection = new FramedConnection(control, goneError);
    this.#control = createSwtpmControl(this.#controlConnection);
    this.#responseDeadlineMs = responseDeadlineMs;
    this.#release = release;
  }

  /** False once swtpm has gone or a command has passed its deadline: such a connection does not come back. */
  get usable(): boolean {
    return this.#data.usable && this.#controlConnection.usable;
  }

  send(command: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    if (!this.#poweredOn) {
      return Promise.reject(new TransportError('tpm', 'TPM_POWERED_OFF', 'the TPM has no power'));
    }
    return this.#data.request(command, responseLength, { deadlineMs: this.#responseDeadlineMs, signal });
  }

  sendSync(command: Uint8Array, deadlineMs: number): Uint8Array {
    if (!this.#poweredOn) throw new TransportError('tpm', 'TPM_POWERED_OFF', 'the TPM has no power');
    return this.#data.requestSync(command, responseLength, deadlineMs);
  }

  async power(action: 'cycle' | 'off'): Promise<void> {
    await this.powerOff();
    if (action === 'cycle') {
      await this.#control.init();
      this.#poweredOn = true;
    }
  }

  /** Cuts the power, replaces the state where one is given, powers on and sends TPM2_Startup(CLEAR). */
  async powerOn(state?: Uint8Array): Promise<void> {
    await this.powerOff();
    if (state !== undefined) await this.#control.setPermanentState(state);
    await this.#control.init();
    this.#poweredOn = true;
    const responseCode = responseCodeOf(await this.send(startupClear));
    if (responseCode !== 0) throw malformed(`TPM2_Startup answered 0x${responseCode.toString(16)}`);
  }

  setLocality(locality: number): Promise<void> {
    return this.#control.setLocality(locality);
  }

  /** The permanent state (seeds, persistent keys, NV), secret. A TPM without power is switched on for it. */
  async getState(): Promise<Uint8Array> {
    if (!this.#poweredOn) await this.power('cycle');
    return this.#control.getPermanentState();
  }

  /** Becomes the TPM of that state: a power cycle between two TPMs, TPM2_Startup included. */
  setState(state: Uint8Array): Promise<void> {
    return this.powerOn(state);
  }

  async close(): Promise<void> {
    this.#poweredOn = false;
    await this.#release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  protected async powerOff(): Promise<void> {
    this.#poweredOn = false;
    await this.#control.stop();
  }
}
