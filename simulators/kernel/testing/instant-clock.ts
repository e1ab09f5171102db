import type { Clock } from '../clock.ts';

/** A clock that stands still until somebody sleeps: then it is later at once. */
export interface InstantClock extends Clock {
  /** What was slept, in order, milliseconds. */
  readonly sleepsMs: readonly number[];
}

export function createInstantClock(startMs = Date.parse('2026-01-01T00:00:00Z')): InstantClock {
  const sleepsMs: number[] = [];
  let elapsedMs = 0;
  return {
    sleepsMs,
    nowMs: () => startMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    sleepMs: (durationMs, signal) => {
      if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
      sleepsMs.push(durationMs);
      elapsedMs += durationMs;
      return Promise.resolve();
    },
  };
}
