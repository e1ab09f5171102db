import type { LoggedRequest } from './dps-control.ts';

/** A device chooses what stands in a path, and in a reason that quotes it; it must not choose how much is kept. */
const LONGEST_TEXT = 512;

/** So many, unless it is told otherwise. */
export const REQUESTS_KEPT = 10_000;

/** The last requests, oldest first; older ones are forgotten. Nothing secret goes in: headers and bodies stay out. */
export class RequestLog {
  readonly #limit: number;
  #entries: LoggedRequest[] = [];
  #next = 0;

  constructor(limit = REQUESTS_KEPT) {
    this.#limit = limit;
  }

  add(entry: LoggedRequest): void {
    this.#entries[this.#next] = {
      ...entry,
      path: cut(entry.path),
      registrationId: cut(entry.registrationId),
      reason: cut(entry.reason),
    };
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

/** A copy, as a mere slice would keep the whole text alive behind it. */
const cut = <T extends string | undefined>(text: T): T | string =>
  text === undefined || text.length <= LONGEST_TEXT
    ? text
    : Buffer.from(text.slice(0, LONGEST_TEXT)).toString();
