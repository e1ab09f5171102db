import { TPM_CC, TPM_RC, type TpmDevice, TpmError } from 'tss.js';
import { TransportError, toError } from '../../kernel/errors.ts';
import { tpmResponseError } from '../codec/response-code.ts';
import type { TpmTransport } from '../transport.ts';
import { commandCodeOf, responseCodeOf, responseLength } from '../transports/tpm-framing.ts';

type DeviceContinuation = (error: TpmError, response?: Buffer) => void;

/** tss.js tells success by null, which its types leave out. */
const noError = null as unknown as TpmError;

/** TPM_RC_RETRY: tss.js sends the command again at once, without end, so it must never see one. */
const retry = 0x922;

/**
 * A TpmTransport as a device of tss.js.
 *
 * tss.js trusts what a device hands it, so only whole responses pass; everything else becomes an error. The device can
 * be cut off from the transport, which ends a client that has lost its way.
 */
export class TransportDevice implements TpmDevice {
  readonly #transport: TpmTransport;
  readonly #cut = new AbortController();
  #lastFailure: Error | undefined;

  constructor(transport: TpmTransport) {
    this.#transport = transport;
  }

  /** Why the last command that failed did; tss.js passes on little more than a number. */
  get lastFailure(): Error | undefined {
    return this.#lastFailure;
  }

  connect(continuation: (error: TpmError) => void): Error {
    // The transport is open already.
    setImmediate(continuation, noError);
    return noError;
  }

  dispatchCommand(command: Buffer, continuation: DeviceContinuation): void {
    this.#exchange(command).then(
      (response) => setImmediate(continuation, noError, response),
      (thrown: unknown) => {
        const failure = toError(thrown);
        this.#lastFailure = failure;
        setImmediate(continuation, new TpmError(TPM_RC.TSS_DISPATCH_FAILED, 'dispatch', failure.message));
      },
    );
  }

  /** Every command from now on fails, and the one in flight too. */
  cut(): void {
    this.#cut.abort(new TransportError('aborted', 'ABORTED', 'this client of the TPM was given up'));
  }

  /** The transport belongs to who opened it. */
  close(): void {
    this.cut();
  }

  async #exchange(command: Buffer): Promise<Buffer> {
    const { signal } = this.#cut;
    signal.throwIfAborted();
    const response = await this.#transport.send(command, signal);
    signal.throwIfAborted();
    if (responseLength(response) !== response.length) {
      throw new TransportError(
        'tpm',
        'TPM_RESPONSE_MALFORMED',
        'the TPM response does not have the length it says',
      );
    }
    const responseCode = responseCodeOf(response);
    if (responseCode !== 0) {
      this.#lastFailure = tpmResponseError(
        `TPM2_${TPM_CC[commandCodeOf(command) ?? 0] ?? 'unknown'}`,
        responseCode,
      );
      if (responseCode === retry) throw this.#lastFailure;
    }
    return Buffer.from(response.buffer, response.byteOffset, response.length);
  }
}
