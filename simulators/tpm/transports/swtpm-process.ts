import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { abortError } from '../../kernel/deadline.ts';
import { EnvironmentError, InvariantError, TransportError } from '../../kernel/errors.ts';
import { type ManagedProcess, type ProcessExit, startProcess } from '../../processes/managed-process.ts';
import { openScratchDirectory } from '../../processes/scratch-directory.ts';
import type { TpmTransport } from '../transport.ts';
import { FramedConnection, malformed } from './framed-connection.ts';
import { createSwtpmControl, type SwtpmControl } from './swtpm-control.ts';
import { responseCodeOf, responseLength } from './tpm-framing.ts';

export interface SwtpmProcessOptions {
  /** Directory of this process alone, made when missing; by default one in memory that goes with the process. */
  readonly stateDirectory?: string | undefined;
  /** Permanent state to start from, as `getState` gives it; by default what the directory holds, or a new TPM. */
  readonly state?: Uint8Array | undefined;
  /** How long one command may take before the connection is given up. RSA key creation may need seconds. */
  readonly responseDeadlineMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

// TPM2_Startup(TPM_SU_CLEAR), TPM 2.0 Part 3 §9.3.
const startupClear = Uint8Array.from([0x80, 0x01, 0, 0, 0, 0x0c, 0, 0, 0x01, 0x44, 0, 0]);
const permanentStateFile = 'tpm2-00.permall';

/**
 * Starts a swtpm of our own and powers it on: TPM2_Startup(CLEAR) is done when this returns.
 *
 * @throws EnvironmentError when swtpm is missing, or does not start on its directory (in use, damaged file)
 * @throws TransportError `SWTPM_CONTROL_REFUSED` when the given state is damaged
 */
export async function openSwtpmProcess(options: SwtpmProcessOptions = {}): Promise<SwtpmProcess> {
  if (options.signal?.aborted === true) throw abortError(options.signal);
  await using cleanup = new AsyncDisposableStack();
  const directory = options.stateDirectory ?? cleanup.use(await openScratchDirectory({ name: 'swtpm' })).path;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const child = await startProcess({
    command: 'swtpm',
    args: [
      ...['socket', '--tpm2', '--fd', '3', '--ctrl', 'type=unixio,clientfd=4'],
      ...['--tpmstate', `dir=${directory},mode=0600`],
    ],
    channels: 2,
    install: 'sudo apt-get install swtpm',
  });
  cleanup.use(child);
  const tpm = new SwtpmProcess(child, directory, options.responseDeadlineMs ?? 30_000, cleanup.move());
  try {
    await tpm.powerOn(options.state);
    return tpm;
  } catch (error) {
    await tpm.close();
    // A refused state is the caller's; without one, or without a process any more, something is wrong here.
    const stateRefused = error instanceof TransportError && error.code === 'SWTPM_CONTROL_REFUSED';
    if (stateRefused && options.state !== undefined) throw error;
    throw new EnvironmentError('swtpm', `does not start on ${directory}`, {
      lastLogLines: child.lastErrorLines(),
      cause: error,
    });
  }
}

/** A TPM that is a swtpm process; made by `openSwtpmProcess`. Not for parallel use: see the queue decorator. */
export class SwtpmProcess implements TpmTransport {
  readonly stateDirectory: string;
  readonly #child: ManagedProcess;
  readonly #data: FramedConnection;
  readonly #controlConnection: FramedConnection;
  readonly #control: SwtpmControl;
  readonly #responseDeadlineMs: number;
  readonly #resources: AsyncDisposableStack;
  #poweredOn = false;

  /** @param resources what to let go of after the connections: the process, its directory */
  constructor(
    child: ManagedProcess,
    stateDirectory: string,
    responseDeadlineMs: number,
    resources: AsyncDisposableStack,
  ) {
    const [data, control] = child.channels;
    if (data === undefined || control === undefined) throw new InvariantError('a swtpm needs two channels');
    this.stateDirectory = stateDirectory;
    this.#child = child;
    this.#data = new FramedConnection(data, () => this.#exitedError());
    this.#controlConnection = new FramedConnection(control, () => this.#exitedError());
    this.#control = createSwtpmControl(this.#controlConnection);
    this.#responseDeadlineMs = responseDeadlineMs;
    this.#resources = resources;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** False once the process has ended or a command has passed its deadline: such a TPM does not come back. */
  get usable(): boolean {
    return this.#data.usable && this.#controlConnection.usable;
  }

  /** Settles when the process has ended, for whatever reason. */
  get exited(): Promise<ProcessExit> {
    return this.#child.exited;
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
    await this.#powerOff();
    if (action === 'cycle') {
      await this.#control.init();
      this.#poweredOn = true;
    }
  }

  /** Cuts the power, replaces the state where one is given, powers on and sends TPM2_Startup(CLEAR). */
  async powerOn(state?: Uint8Array): Promise<void> {
    await this.#powerOff();
    if (state !== undefined) await this.#control.setPermanentState(state);
    await this.#control.init();
    this.#poweredOn = true;
    const responseCode = responseCodeOf(await this.send(startupClear));
    if (responseCode !== 0) throw malformed(`TPM2_Startup answered 0x${responseCode.toString(16)}`);
  }

  /** Makes it another, factory-new TPM with seeds of its own. */
  async renew(): Promise<void> {
    await this.#powerOff();
    // The file must go: an empty state blob would give all-zero seeds instead of new ones.
    await rm(join(this.stateDirectory, permanentStateFile), { force: true });
    await this.powerOn();
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

  /** Ends the process; its state directory stays when it was given, and goes when it was not. */
  async close(): Promise<void> {
    this.#poweredOn = false;
    await this.#resources.disposeAsync();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #powerOff(): Promise<void> {
    this.#poweredOn = false;
    await this.#control.stop();
  }

  #exitedError(): TransportError {
    const lines = this.#child.lastErrorLines();
    const said = lines.length === 0 ? '' : `; it said: ${lines.join(' | ')}`;
    return new TransportError('tpm', 'TPM_PROCESS_EXITED', `swtpm ${this.pid} has ended${said}`);
  }
}
