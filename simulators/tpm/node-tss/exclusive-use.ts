import { TssUsageError } from './errors.ts';

/**
 * Lets one call at a time use a native context: libtss2 keeps state in it, and two threads in it at once corrupt
 * memory. A second call is refused, not queued: who shares a context decides how.
 */
export class ExclusiveUse {
  readonly #what: string;
  #inFlight: Promise<unknown> | undefined;
  #closing: Promise<void> | undefined;

  constructor(what: string) {
    this.#what = what;
  }

  /** @throws TssUsageError `TSS_BUSY` while another call runs, `TSS_CLOSED` after close */
  async run<Result>(call: string, work: () => Promise<Result>): Promise<Result> {
    this.#refuseUnlessFree(call);
    const running = work();
    this.#inFlight = running;
    try {
      return await running;
    } finally {
      this.#inFlight = undefined;
    }
  }

  /** The same for a call that returns at once. */
  runSync<Result>(call: string, work: () => Result): Result {
    this.#refuseUnlessFree(call);
    return work();
  }

  /** Resolves when no call is running. */
  async settled(): Promise<void> {
    await this.#inFlight?.catch(() => {});
  }

  /** Waits for the call that runs, then finalizes; later calls are refused. Calling it again changes nothing. */
  async close(finalize: () => Promise<void>): Promise<void> {
    this.#closing ??= (async () => {
      await this.settled();
      await finalize();
    })();
    await this.#closing;
  }

  #refuseUnlessFree(call: string): void {
    if (this.#closing !== undefined)
      throw new TssUsageError('TSS_CLOSED', `${call}: the ${this.#what} is closed`);
    if (this.#inFlight !== undefined) {
      throw new TssUsageError('TSS_BUSY', `${call}: another call is using the ${this.#what}`);
    }
  }
}
