import { addCounts, type LiveCounts } from '../load/shared-control.ts';
import type { Range } from '../plan/ranges.ts';

/** A range in the hands of a worker. Every time that the queue gives it out, `delivery` is one more. */
export interface Lease {
  readonly range: number;
  readonly delivery: number;
  readonly worker: string;
}

/** What a worker has counted of the ranges in its hands. Cumulative, so that a lost one does no harm. */
export interface Snapshot {
  readonly worker: string;
  /** One more in each of a worker's. */
  readonly sequence: number;
  readonly ranges: readonly (Omit<Lease, 'worker'> & { readonly counts: LiveCounts })[];
}

interface Entry {
  /** The newest that was given out. */
  lease: Lease | undefined;
  counts: LiveCounts;
  done: boolean;
}

const nothing: LiveCounts = { started: 0, assigned: 0, ended: 0, error: 0, aborted: 0 };

/**
 * Who has which range, and what is known of each. Everything is kept by range, and of a range only what its newest
 * holder says counts: whatever is lost, repeated, late or done twice on the way here, no device is counted twice.
 */
export class RangeBook {
  readonly #entries: ReadonlyMap<number, Entry>;
  readonly #sequences = new Map<string, number>();

  constructor(ranges: readonly Range[]) {
    this.#entries = new Map(
      ranges.map(({ number }) => [number, { lease: undefined, counts: nothing, done: false }]),
    );
  }

  /**
   * Enters that the queue has given a range out.
   *
   * @returns `done` when there is nothing left to do, `superseded` when it has been given out again meanwhile
   */
  lease(lease: Lease): 'yours' | 'done' | 'superseded' {
    const entry = this.#entries.get(lease.range);
    if (entry === undefined || entry.done) return 'done';
    if (entry.lease !== undefined && entry.lease.delivery > lease.delivery) return 'superseded';
    // What the one before has counted goes with it.
    if (entry.lease?.delivery !== lease.delivery) entry.counts = nothing;
    entry.lease = lease;
    return 'yours';
  }

  /** Whether this worker is the newest holder of a range. */
  isHeldBy(worker: string, range: number): boolean {
    return this.#entries.get(range)?.lease?.worker === worker;
  }

  /** Enters what a worker has counted; an older one of the same worker, or of a range that it lost, changes nothing. */
  count({ worker, sequence, ranges }: Snapshot): void {
    if ((this.#sequences.get(worker) ?? -1) >= sequence) return;
    this.#sequences.set(worker, sequence);
    for (const { counts, ...lease } of ranges) {
      const entry = this.#holding({ ...lease, worker });
      if (entry !== undefined && !entry.done) entry.counts = counts;
    }
  }

  /**
   * Enters that a worker has brought a range to its end. The caller takes the range's outcomes when it is told to.
   *
   * @returns `take`, `taken` when they were taken before, `superseded` when another one has the range now
   */
  finish(lease: Lease, counts: LiveCounts): 'take' | 'taken' | 'superseded' {
    const entry = this.#holding(lease);
    if (entry === undefined) return 'superseded';
    if (entry.done) return 'taken';
    entry.done = true;
    entry.counts = counts;
    return 'take';
  }

  get isComplete(): boolean {
    return this.remaining === 0;
  }

  /** Ranges without an end. */
  get remaining(): number {
    return Iterator.from(this.#entries.values()).reduce((sum, { done }) => sum + (done ? 0 : 1), 0);
  }

  /** Of the whole fleet, now. */
  get counts(): LiveCounts {
    return addCounts(Iterator.from(this.#entries.values()).map(({ counts }) => counts));
  }

  countsOf(range: number): LiveCounts {
    return this.#entries.get(range)?.counts ?? nothing;
  }

  /** How often a range has been given out. */
  timesGivenOut(range: number): number {
    return this.#entries.get(range)?.lease?.delivery ?? 0;
  }

  /** Ranges that were given out more than once. */
  get givenOutAgain(): number {
    return Iterator.from(this.#entries.values()).reduce(
      (sum, { lease }) => sum + ((lease?.delivery ?? 0) > 1 ? 1 : 0),
      0,
    );
  }

  #holding({ range, delivery, worker }: Lease): Entry | undefined {
    const entry = this.#entries.get(range);
    const isNewest = entry?.lease?.delivery === delivery && entry.lease.worker === worker;
    return isNewest ? entry : undefined;
  }
}
