import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeLoad, type Load, scheduleOf } from './arrivals.ts';

const ramp = (fromPerSecond: number, toPerSecond: number, rampSeconds: number): Load => ({
  arrival: 'ramp',
  fromPerSecond,
  toPerSecond,
  rampSeconds,
});

const intendedStartMs = (load: Load, position: number): number | undefined => scheduleOf(load, 1)(position);

describe('scheduleOf', () => {
  it('starts everybody at 0 when all come at once', () => {
    expect(intendedStartMs({ arrival: 'all-at-once' }, 99)).toBe(0);
  });

  it('has no time for the closed loop', () => {
    expect(intendedStartMs({ arrival: 'constant-concurrency', concurrency: 5 }, 3)).toBeUndefined();
  });

  it('spaces a constant rate evenly', () => {
    const load: Load = { arrival: 'constant-rate', ratePerSecond: 4 };
    expect([0, 1, 2, 40].map((position) => intendedStartMs(load, position))).toEqual([0, 250, 500, 10_000]);
  });

  it('lets a ramp start as many as the area under its rate', () => {
    const load = ramp(0, 10, 10); // 50 devices in 10 s, 5 t²/10 by t
    expect(intendedStartMs(load, 0)).toBe(0);
    expect(intendedStartMs(load, 12.5)).toBeCloseTo(5_000);
    expect(intendedStartMs(load, 50)).toBeCloseTo(10_000);
    expect(intendedStartMs(load, 60)).toBeCloseTo(11_000); // then 10 a second
  });

  it('keeps the rate of each step for its time, and that of the last one for good', () => {
    const load: Load = {
      arrival: 'steps',
      steps: [
        { ratePerSecond: 2, seconds: 5 }, // 10 devices
        { ratePerSecond: 0, seconds: 3 },
        { ratePerSecond: 10, seconds: 1 },
      ],
    };
    expect([0, 9, 10, 20, 30].map((at) => intendedStartMs(load, at))).toEqual([
      0, 4_500, 8_000, 9_000, 10_000,
    ]);
  });

  it('has a spike between two stretches of the same rate', () => {
    const load: Load = {
      ...{ arrival: 'spike', ratePerSecond: 1, spikePerSecond: 100 },
      ...{ spikeAtSeconds: 5, spikeSeconds: 1 },
    };
    expect([4, 5, 104, 105, 106].map((at) => intendedStartMs(load, at))).toEqual([
      4_000, 5_000, 5_990, 6_000, 7_000,
    ]);
  });

  it('draws the gaps of a Poisson process from the seed, whatever the order of questions', () => {
    const load: Load = { arrival: 'poisson', ratePerSecond: 100 };
    const forwards = scheduleOf(load, 7);
    const backwards = scheduleOf(load, 7);
    const last = backwards(9_999) ?? 0;
    const starts = Array.from({ length: 10_000 }, (_, at) => forwards(at) ?? 0);
    expect(starts.at(-1)).toBe(last);
    expect(scheduleOf(load, 8)(9_999)).not.toBe(last);
    // 10,000 gaps of 10 ms on average: the sum has a standard deviation of 1 s, and so have the gaps of 10 ms.
    expect(Math.abs(last - 100_000)).toBeLessThan(4_000);
    const gaps = starts.slice(1).map((start, at) => start - (starts[at] ?? 0));
    const variance = gaps.reduce((sum, gap) => sum + (gap - 10) ** 2, 0) / gaps.length;
    expect(Math.sqrt(variance)).toBeGreaterThan(9);
    expect(Math.sqrt(variance)).toBeLessThan(11);
  });

  it('ramps down as well, and not at all', () => {
    expect(intendedStartMs(ramp(10, 2, 10), 60)).toBeCloseTo(10_000);
    expect(intendedStartMs(ramp(4, 4, 10), 8)).toBeCloseTo(2_000);
  });

  it('never goes back in time on a ramp, and has the count of its integral at any time', () => {
    const rate = fc.double({ min: 0.5, max: 500, noNaN: true });
    fc.assert(
      fc.property(
        rate,
        rate,
        fc.double({ min: 0.5, max: 120, noNaN: true }),
        fc.nat(5_000),
        (from, to, seconds, at) => {
          const load = ramp(from, to, seconds);
          const startMs = intendedStartMs(load, at) ?? Number.NaN;
          expect(intendedStartMs(load, at + 1)).toBeGreaterThan(startMs);
          const t = startMs / 1000;
          const inRamp = Math.min(t, seconds);
          const started =
            from * inRamp + ((to - from) / seconds) * (inRamp ** 2 / 2) + to * Math.max(0, t - seconds);
          expect(started).toBeCloseTo(at, 3);
        },
      ),
    );
  });
});

describe('describeLoad', () => {
  it.each<[Load, string]>([
    [{ arrival: 'all-at-once' }, 'all at once'],
    [{ arrival: 'constant-concurrency', concurrency: 50 }, 'constant concurrency 50'],
    [{ arrival: 'constant-rate', ratePerSecond: 2.5 }, 'constant rate 2.5/s'],
    [ramp(1, 60, 10), 'ramp 1/s to 60/s in 10 s'],
  ])('says %j in words', (load, words) => {
    expect(describeLoad(load)).toBe(words);
  });
});
