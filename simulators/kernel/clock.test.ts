import { describe, expect, it } from 'vitest';
import { type Clock, type ClockSkew, skewedClock } from './clock.ts';

/** A machine's clock, moved by hand, and a device's clock that differs from it. */
function clocks(skew: ClockSkew) {
  let elapsedMs = 0;
  const machine: Clock = {
    nowMs: () => 1_000_000 + elapsedMs,
    monotonicMs: () => 77 + elapsedMs,
    sleepMs: () => Promise.resolve(),
  };
  const device = skewedClock(machine, skew);
  return {
    aheadMs: (afterMs: number) => {
      elapsedMs = afterMs;
      return device.nowMs() - machine.nowMs();
    },
    device,
    machine,
  };
}

describe('skewedClock', () => {
  it.each([
    [{ aheadSeconds: -600 }, 0, -600_000],
    [{ aheadSeconds: 5 }, 60_000, 5_000],
    [{ driftPpm: 100 }, 86_400_000, 8_640],
    [{ driftPpm: -1_000 }, 10_000, -10],
    [{ jump: { bySeconds: -3_600, afterSeconds: 2 } }, 1_999, 0],
    [{ jump: { bySeconds: -3_600, afterSeconds: 2 } }, 2_000, -3_600_000],
    [{ aheadSeconds: 1, driftPpm: 1_000, jump: { bySeconds: 1, afterSeconds: 0 } }, 1_000, 2_001],
  ])('of %j is after %d ms ahead by %d', (skew, afterMs, aheadMs) => {
    const { aheadMs: seen } = clocks(skew);
    seen(0); // its first use
    expect(seen(afterMs)).toBe(aheadMs);
  });

  it('measures durations as the other does', () => {
    const { device, machine } = clocks({ driftPpm: 500_000 });
    expect(device.monotonicMs()).toBe(machine.monotonicMs());
  });
});
