/**
 * The few numbers that the main thread and all workers share: free slots of the closed loop, stop and go, and what has
 * come out so far.
 */
const SLOTS = 0;
const STOP = 1;
const GO = 2;
const READY = 3;
const COUNTS = 4;
const HELD = 9;

const countNames = ['started', 'assigned', 'ended', 'error', 'aborted'] as const;
export type CountName = (typeof countNames)[number];
export type LiveCounts = Readonly<Record<CountName, number>>;

export interface ControlOptions {
  readonly ranges: number;
  /** Devices at any moment; undefined where arrivals are timed. */
  readonly concurrency: number | undefined;
}

/** Made by the main thread; workers wrap the same memory. */
export class SharedControl {
  readonly memory: SharedArrayBuffer;
  readonly #numbers: Int32Array<SharedArrayBuffer>;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#numbers = new Int32Array(memory);
  }

  static create({ ranges, concurrency }: ControlOptions): SharedControl {
    const control = new SharedControl(new SharedArrayBuffer((HELD + ranges) * Int32Array.BYTES_PER_ELEMENT));
    Atomics.store(control.#numbers, SLOTS, concurrency ?? 0);
    return control;
  }

  /** Waits for a free slot of the closed loop. @returns false when the run was stopped meanwhile */
  async takeSlot(range: number): Promise<boolean> {
    for (;;) {
      if (this.stopped) return false;
      const free = Atomics.load(this.#numbers, SLOTS);
      if (free > 0) {
        if (Atomics.compareExchange(this.#numbers, SLOTS, free, free - 1) !== free) continue;
        Atomics.add(this.#numbers, HELD + range, 1);
        return true;
      }
      await this.#changed(SLOTS, free);
    }
  }

  freeSlot(range: number): void {
    Atomics.sub(this.#numbers, HELD + range, 1);
    this.#giveBack(1);
  }

  /** Gives back what a range held whose worker has died. */
  freeSlotsOf(range: number): void {
    this.#giveBack(Atomics.exchange(this.#numbers, HELD + range, 0));
  }

  /** Wakes as many as can go on: those who find their slot taken wait again, and whoever took it will wake them. */
  #giveBack(slots: number): void {
    Atomics.add(this.#numbers, SLOTS, slots);
    Atomics.notify(this.#numbers, SLOTS, slots);
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

  count(name: CountName): void {
    Atomics.add(this.#numbers, COUNTS + countNames.indexOf(name), 1);
  }

  get counts(): LiveCounts {
    const entries = countNames.map((name, index) => [name, Atomics.load(this.#numbers, COUNTS + index)]);
    return Object.fromEntries(entries) as LiveCounts;
  }

  /** Settles when the number is no longer what it was (or may not be: callers look again). */
  async #changed(index: number, from: number): Promise<void> {
    const waited = Atomics.waitAsync(this.#numbers, index, from, 1_000);
    if (waited.async) await waited.value;
  }
}

/** Milliseconds of one clock that all threads agree on, with a fraction. */
export const sharedNowMs = (): number => performance.timeOrigin + performance.now();
