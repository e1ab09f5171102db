import type * as NodeTss from 'node-tss';
import type { Tcti } from 'node-tss';
import { abortError, startDeadline, untilAborted } from '../../kernel/deadline.ts';
import { EnvironmentError, InvariantError, TransportError, toError } from '../../kernel/errors.ts';
import type { TpmTransport } from '../transport.ts';

export interface TctiTransportOptions {
  /** How long one command may take before the connection is given up. RSA key creation may need seconds. */
  readonly responseDeadlineMs?: number | undefined;
}

/**
 * Reaches a TPM by a TCTI string of tpm2-tss: `device:/dev/tpmrm0`, `tabrmd:`, `swtpm:host=...,port=...`, `cmd:...`.
 *
 * Nobody sends TPM2_Startup: a chip had it from the firmware, a simulator from whoever started it. Not for parallel
 * use: see the queue decorator.
 *
 * @throws EnvironmentError when tpm2-tss is missing, or has no such TCTI, or finds no TPM behind it
 */
export async function openTctiTransport(
  tctiString: string,
  options: TctiTransportOptions = {},
): Promise<TpmTransport> {
  const tcti = await openTcti(tctiString);
  return new TctiTransport(tcti, tctiString, options.responseDeadlineMs ?? 30_000);
}

/**
 * Finds out whether TCTI strings can be used on this machine.
 *
 * @returns what there is, for people
 * @throws EnvironmentError when a part is missing
 */
export async function probeTpm2Tss(): Promise<string> {
  const { loadLibraries } = await importNodeTss();
  try {
    return loadLibraries().join(', ');
  } catch (thrown) {
    throw missingLibrary(toError(thrown));
  }
}

/** Imported at the first use, so that koffi and libtss2 are needed only where a TCTI string is. */
async function importNodeTss(): Promise<typeof NodeTss> {
  try {
    return await import('node-tss');
  } catch (cause) {
    throw new EnvironmentError('node-tss', 'could not be loaded', { hint: 'Run npm ci.', cause });
  }
}

async function openTcti(tctiString: string): Promise<Tcti> {
  const nodeTss = await importNodeTss();
  try {
    return await nodeTss.openTcti(tctiString);
  } catch (thrown) {
    const cause = toError(thrown);
    if (cause instanceof nodeTss.TssLibraryError) throw missingLibrary(cause);
    throw new EnvironmentError('tpm2-tss', `no TPM at ${JSON.stringify(tctiString)}: ${cause.message}`, {
      hint: 'Check the TCTI string with: tpm2_getrandom --hex -T <string> 8',
      cause,
    });
  }
}

const missingLibrary = (cause: Error): EnvironmentError =>
  new EnvironmentError('tpm2-tss', cause.message, {
    hint: 'Install it: sudo apt-get install libtss2-dev',
    cause,
  });

class TctiTransport implements TpmTransport {
  readonly #tcti: Tcti;
  readonly #tctiString: string;
  readonly #responseDeadlineMs: number;
  /** Settles with the exchange on the wire, which goes on when its caller has gone: its answer must come first. */
  #onTheWire: Promise<unknown> = Promise.resolve();
  #sending = false;
  #failure: TransportError | undefined;

  constructor(tcti: Tcti, tctiString: string, responseDeadlineMs: number) {
    this.#tcti = tcti;
    this.#tctiString = tctiString;
    this.#responseDeadlineMs = responseDeadlineMs;
  }

  async send(command: Uint8Array, signal: AbortSignal = new AbortController().signal): Promise<Uint8Array> {
    this.#refuseUnlessFree(signal);
    this.#sending = true;
    using deadline = startDeadline(this.#responseDeadlineMs, signal, 'a TPM command');
    const exchange = this.#onTheWire.then(() => this.#tcti.transceive(command));
    this.#onTheWire = exchange.catch(() => undefined);
    try {
      return await untilAborted(exchange, deadline.signal);
    } catch (thrown) {
      if (!(thrown instanceof TransportError)) throw this.#failed(thrown);
      // Nobody knows what a TPM does that is late: whatever it still says answers a command that was given up.
      if (thrown.phase === 'timeout' && !signal.aborted) this.#failure = thrown;
      throw thrown;
    } finally {
      this.#sending = false;
    }
  }

  async setLocality(locality: number): Promise<void> {
    await this.#onTheWire;
    try {
      await this.#tcti.setLocality(locality);
    } catch (thrown) {
      throw this.#failed(thrown);
    }
  }

  async close(): Promise<void> {
    const gaveUp = this.#failure?.phase === 'timeout';
    this.#failure ??= new TransportError(
      'tpm',
      'TPM_TCTI_CLOSED',
      `the TPM at ${this.#tctiString} is closed`,
    );
    const closed = this.#tcti.close();
    // libtss2 cannot stop waiting for an answer that does not come: that thread ends with the process.
    if (gaveUp) closed.catch(() => undefined);
    else await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #refuseUnlessFree(signal: AbortSignal): void {
    if (signal.aborted) throw abortError(signal);
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#sending) {
      throw new InvariantError('two commands at once on one TCTI', {
        hint: 'Put the queue decorator in front of a transport that is used in parallel.',
      });
    }
  }

  #failed(thrown: unknown): TransportError {
    const cause = toError(thrown);
    return new TransportError('tpm', 'TPM_TCTI_FAILED', `TPM at ${this.#tctiString}: ${cause.message}`, {
      cause,
    });
  }
}
