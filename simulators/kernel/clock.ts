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

/** How a device's clock differs from that of the machine. */
export interface ClockSkew {
  /** Negative: behind. */
  readonly aheadSeconds?: number | undefined;
  /** How much faster it runs, in millionths: 100 gains 8.6 s in a day. */
  readonly driftPpm?: number | undefined;
  /** Somebody sets it while the device runs. */
  readonly jump?: { readonly bySeconds: number; readonly afterSeconds: number } | undefined;
}

/** A clock that differs from another one. Drift and jump count from its first use; durations are those of the other. */
export function skewedClock(clock: Clock, { aheadSeconds = 0, driftPpm = 0, jump }: ClockSkew): Clock {
  let beganMs: number | undefined;
  const elapsedMs = (): number => {
    beganMs ??= clock.monotonicMs();
    return clock.monotonicMs() - beganMs;
  };
  return {
    nowMs: () => {
      const elapsed = elapsedMs();
      const jumped = jump !== undefined && elapsed >= jump.afterSeconds * 1000 ? jump.bySeconds * 1000 : 0;
      return clock.nowMs() + aheadSeconds * 1000 + (elapsed * driftPpm) / 1_000_000 + jumped;
    },
    monotonicMs: () => clock.monotonicMs(),
    sleepMs: (durationMs, signal) => clock.sleepMs(durationMs, signal),
  };
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleepMs: async (durationMs, signal) => {
    await delay(Math.max(0, durationMs), undefined, signal === undefined ? {} : { signal });
  },
};
