import type { Writable } from 'node:stream';

/**
 * Joins what can wait for the end of the event loop's turn with what follows it, so that both leave as one TLS record
 * (and one WebSocket message): each of those costs a system call at both ends.
 */
export class GatheredWrites {
  readonly #stream: Writable;
  #held: Buffer[] = [];

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  /** Leaves with the next write of this turn, at the latest when the turn ends. */
  hold(bytes: Buffer): void {
    if (this.#held.push(bytes) === 1) setImmediate(() => this.flush());
  }

  /** Leaves now, behind what was held. */
  write(bytes: Buffer): void {
    this.#held.push(bytes);
    this.flush();
  }

  flush(): void {
    const held = this.#held;
    const [first] = held;
    if (first === undefined) return;
    this.#held = [];
    if (this.#stream.writable) this.#stream.write(held.length === 1 ? first : Buffer.concat(held));
  }
}
