import { setTimeout as delay } from 'node:timers/promises';

/** Where time comes from. Tests replace it; devices may have a skewed one. */
export interface Clock {
  /** Milliseconds since the Unix epoch, as this clock believes. */
  nowMs(): number;
  /** Monotonic milliseconds with a fraction, for durations. */
  monotonicMs(): number;
  /** Waits; rejects with the signal's reason when aborted. */
  sleepMs(durationMs: number, signal?: AbortSignal): Promise<void>;
}

/** Stops the whole thread for so long: only where a caller above cannot wait in any other way. */
export function blockThreadMs(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.max(0, durationMs));
}

/** A clock that is behind another one; durations are the same. */
export const lateClock = (clock: Clock, lateMs: number): Clock => ({
  nowMs: () => clock.nowMs() - lateMs,
  monotonicMs: () => clock.monotonicMs(),
  sleepMs: (durationMs, signal) => clock.sleepMs(durationMs, signal),
});

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleepMs: async (durationMs, signal) => {
    await delay(Math.max(0, durationMs), undefined, signal === undefined ? {} : { signal });
  },
};
