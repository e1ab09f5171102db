import type { TimeSlice } from '../../reports/run-result.ts';
import type { Outcome } from './outcome.ts';

const BASE_MS = 100;
const MOST_SLICES = 120;

interface Slice {
  started: number;
  assigned: number;
  ended: number;
  error: number;
  aborted: number;
}

const emptySlice = (): Slice => ({ started: 0, assigned: 0, ended: 0, error: 0, aborted: 0 });

/** Starts and outcomes over time: slices of 100 ms, joined to wider ones when a run is longer than 120 of them. */
export class TimeSeries {
  readonly #slices: Slice[] = [];

  add({ startMs, endMs, result }: Outcome): void {
    this.#at(startMs).started += 1;
    this.#at(endMs)[result.kind] += 1;
  }

  toReport(): { readonly intervalMs: number; readonly slices: TimeSlice[] } {
    const width = widthFor(this.#slices.length);
    const slices: TimeSlice[] = [];
    let inFlight = 0;
    for (let from = 0; from < this.#slices.length; from += width) {
      const joined = emptySlice();
      for (const slice of this.#slices.slice(from, from + width)) {
        for (const key of Object.keys(joined) as (keyof Slice)[]) joined[key] += slice[key];
      }
      const { started, ...outcomes } = joined;
      inFlight += started - outcomes.assigned - outcomes.ended - outcomes.error - outcomes.aborted;
      slices.push({ atMs: from * BASE_MS, started, outcomes, inFlight });
    }
    return { intervalMs: width * BASE_MS, slices };
  }

  #at(ms: number): Slice {
    const index = Math.max(0, Math.floor(ms / BASE_MS));
    while (this.#slices.length <= index) this.#slices.push(emptySlice());
    return this.#slices[index] ?? emptySlice();
  }
}

/** Slices to join: 1, 2, 5, 10, 20, 50 ... so that the axis reads well. */
function widthFor(slices: number): number {
  let decade = 1;
  for (;;) {
    for (const factor of [1, 2, 5]) if (slices <= factor * decade * MOST_SLICES) return factor * decade;
    decade *= 10;
  }
}
