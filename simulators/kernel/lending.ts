import { abortError } from './deadline.ts';

/** Things that are lent to one borrower at a time, and may be lost meanwhile. */
export class Lending<T> {
  readonly #idle: T[];
  readonly #waiting: PromiseWithResolvers<T | undefined>[] = [];
  #left: number;

  constructor(things: readonly T[]) {
    this.#idle = [...things];
    this.#left = things.length;
  }

  /**
   * Waits for its turn.
   *
   * @returns undefined when all of them have been lost
   * @throws TransportError of phase `aborted` or `timeout`, by the signal
   */
  async borrow(signal: AbortSignal): Promise<T | undefined> {
    if (signal.aborted) throw abortError(signal);
    const idle = this.#idle.pop();
    if (idle !== undefined || this.#left === 0) return idle;
    const turn = Promise.withResolvers<T | undefined>();
    const giveUp = (): void => {
      const at = this.#waiting.indexOf(turn);
      if (at >= 0) this.#waiting.splice(at, 1);
      turn.reject(abortError(signal));
    };
    signal.addEventListener('abort', giveUp, { once: true });
    this.#waiting.push(turn);
    try {
      return await turn.promise;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  giveBack(thing: T): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#idle.push(thing);
    else next.resolve(thing);
  }

  /** Says that what was borrowed does not come back. */
  lose(): void {
    this.#left -= 1;
    if (this.#left > 0) return;
    for (const turn of this.#waiting.splice(0)) turn.resolve(undefined);
  }
}
