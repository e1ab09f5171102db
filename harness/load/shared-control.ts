/**
 * The few numbers that the main thread and all workers share: free slots of the closed loop, stop and go, how many devices
 * were looked into, and what has come out of each range so far.
 */
const SLOTS = 0;
const STOP = 1;
const GO = 2;
const READY = 3;
const LOOKS = 4;
/** Devices whose messages may still be kept. */
const PLACES = 5;
/** From here on, so many numbers of each range: the slots that it holds, and its own counts. */
const RANGES = 6;
const PER_RANGE = 6;

const countNames = ['started', 'assigned', 'ended', 'error', 'aborted'] as const;
export type CountName = (typeof countNames)[number];
export type LiveCounts = Readonly<Record<CountName, number>>;

export interface ControlOptions {
  readonly ranges: number;
  /** Devices at any moment; undefined where arrivals are timed. */
  readonly concurrency: number | undefined;
  /** How many devices that failed leave what went by between them and others. Default 0. */
  readonly places?: number;
}

/** Made by the main thread; workers wrap the same memory. */
export class SharedControl {
  readonly memory: SharedArrayBuffer;
  readonly #numbers: Int32Array<SharedArrayBuffer>;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#numbers = new Int32Array(memory);
  }

  static create({ ranges, concurrency, places = 0 }: ControlOptions): SharedControl {
    const control = new SharedControl(
      new SharedArrayBuffer((RANGES + ranges * PER_RANGE) * Int32Array.BYTES_PER_ELEMENT),
    );
    Atomics.store(control.#numbers, SLOTS, concurrency ?? 0);
    Atomics.store(control.#numbers, PLACES, places);
    return control;
  }

  /** Waits for a free slot of the closed loop. @returns false when the run was stopped meanwhile */
  async takeSlot(range: number): Promise<boolean> {
    for (;;) {
      if (this.stopped) return false;
      const free = Atomics.load(this.#numbers, SLOTS);
      if (free > 0) {
        if (Atomics.compareExchange(this.#numbers, SLOTS, free, free - 1) !== free) continue;
        Atomics.add(this.#numbers, heldBy(range), 1);
        return true;
      }
      await this.#changed(SLOTS, free);
    }
  }

  freeSlot(range: number): void {
    Atomics.sub(this.#numbers, heldBy(range), 1);
    this.#giveBack(1);
  }

  /** Gives back what a range held whose worker has died. */
  freeSlotsOf(range: number): void {
    this.#giveBack(Atomics.exchange(this.#numbers, heldBy(range), 0));
  }

  /** Wakes as many as can go on: those who find their slot taken wait again, and whoever took it will wake them. */
  #giveBack(slots: number): void {
    Atomics.add(this.#numbers, SLOTS, slots);
    Atomics.notify(this.#numbers, SLOTS, slots);
  }

  /** @returns false when as many devices as wanted have taken one */
  takePlace(): boolean {
    return Atomics.sub(this.#numbers, PLACES, 1) > 0;
  }

  get stopped(): boolean {
    return Atomics.load(this.#numbers, STOP) === 1;
  }

  /** No device starts any more; those under way end by themselves. */
  stop(): void {
    Atomics.store(this.#numbers, STOP, 1);
    for (const index of [STOP, SLOTS, GO, READY]) Atomics.notify(this.#numbers, index);
  }

  /** Settles when the run is stopped, and soon after the signal says that nobody asks any more. */
  async untilStopped(signal?: AbortSignal): Promise<void> {
    while (!this.stopped && signal?.aborted !== true) await this.#changed(STOP, 0);
  }

  /** Says that a range stands at the start line. */
  ready(): void {
    Atomics.add(this.#numbers, READY, 1);
    Atomics.notify(this.#numbers, READY);
  }

  async untilReady(ranges: number): Promise<void> {
    for (;;) {
      const ready = Atomics.load(this.#numbers, READY);
      if (ready >= ranges || this.stopped) return;
      await this.#changed(READY, ready);
    }
  }

  /** Starts the run's clock: milliseconds of the epoch are split over the calls that read them. */
  go(): void {
    Atomics.store(this.#numbers, GO, 1);
    Atomics.notify(this.#numbers, GO);
  }

  async untilGo(): Promise<void> {
    while (Atomics.load(this.#numbers, GO) === 0 && !this.stopped) await this.#changed(GO, 0);
  }

  /** Failed devices that were looked into. */
  get looks(): number {
    return Atomics.load(this.#numbers, LOOKS);
  }

  /** @returns false when there were so many already */
  takeLook(atMost: number): boolean {
    for (;;) {
      const taken = Atomics.load(this.#numbers, LOOKS);
      if (taken >= atMost) return false;
      if (Atomics.compareExchange(this.#numbers, LOOKS, taken, taken + 1) === taken) return true;
    }
  }

  /** For a device of the range. */
  count(name: CountName, range: number): void {
    Atomics.add(this.#numbers, heldBy(range) + 1 + countNames.indexOf(name), 1);
  }

  /** Of all ranges. */
  get counts(): LiveCounts {
    return addCounts(Array.from({ length: this.#ranges }, (_, range) => this.countsOf(range)));
  }

  countsOf(range: number): LiveCounts {
    const entries = countNames.map((name, index) => [name, this.#load(heldBy(range) + 1 + index)]);
    return Object.fromEntries(entries) as LiveCounts;
  }

  get #ranges(): number {
    return (this.#numbers.length - RANGES) / PER_RANGE;
  }

  /** 0 of a range that this control does not know. */
  #load(index: number): number {
    return index < this.#numbers.length ? Atomics.load(this.#numbers, index) : 0;
  }

  /** Settles when the number is no longer what it was (or may not be: callers look again). */
  async #changed(index: number, from: number): Promise<void> {
    const waited = Atomics.waitAsync(this.#numbers, index, from, 1_000);
    if (waited.async) await waited.value;
  }
}

const heldBy = (range: number): number => RANGES + range * PER_RANGE;

/** Of several ranges or machines. */
export function addCounts(all: Iterable<LiveCounts>): LiveCounts {
  const sum = { started: 0, assigned: 0, ended: 0, error: 0, aborted: 0 };
  for (const counts of all) for (const name of countNames) sum[name] += counts[name];
  return sum;
}

/** Milliseconds of one clock that all threads agree on, with a fraction. */
export const sharedNowMs = (): number => performance.timeOrigin + performance.now();
