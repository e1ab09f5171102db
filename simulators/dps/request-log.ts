import type { LoggedRequest } from './dps-control.ts';

/** The last requests, oldest first; older ones are forgotten. Nothing secret goes in: headers and bodies stay out. */
export class RequestLog {
  readonly #limit: number;
  #entries: LoggedRequest[] = [];
  #next = 0;

  constructor(limit = 10_000) {
    this.#limit = limit;
  }

  add(entry: LoggedRequest): void {
    this.#entries[this.#next] = entry;
    this.#next = (this.#next + 1) % this.#limit;
  }

  list(): LoggedRequest[] {
    return [...this.#entries.slice(this.#next), ...this.#entries.slice(0, this.#next)];
  }

  clear(): void {
    this.#entries = [];
    this.#next = 0;
  }
}
