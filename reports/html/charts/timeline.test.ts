import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RunResult, TimeSlice } from '../../run-result.ts';
import { type Interval, resample } from './timeline.ts';

const count = fc.nat(10_000);
const timeSeries: fc.Arbitrary<RunResult['timeSeries']> = fc
  .record({
    intervalMs: fc.constantFrom(100, 250, 500, 1_000, 10_000),
    counts: fc.array(
      fc.record({ started: count, assigned: count, ended: count, error: count, inFlight: count }),
      {
        maxLength: 2_000,
      },
    ),
  })
  .map(({ intervalMs, counts }) => ({
    intervalMs,
    slices: counts.map(({ started, inFlight, ...outcomes }, index) => ({
      atMs: index * intervalMs,
      started,
      outcomes: { ...outcomes, aborted: 0 },
      inFlight,
    })),
  }));

const totals = (parts: readonly (TimeSlice | Interval)[]) =>
  parts.reduce(
    (sum, { started, outcomes }) => ({
      started: sum.started + started,
      assigned: sum.assigned + outcomes.assigned,
      ended: sum.ended + outcomes.ended,
      error: sum.error + outcomes.error,
    }),
    { started: 0, assigned: 0, ended: 0, error: 0 },
  );

describe('resample', () => {
  it('keeps to the limit and neither loses nor doubles a device', () => {
    fc.assert(
      fc.property(timeSeries, fc.integer({ min: 1, max: 200 }), (series, limit) => {
        const intervals = resample(series, limit);
        expect(intervals.length).toBeLessThanOrEqual(limit);
        expect(totals(intervals)).toEqual(totals(series.slices));
      }),
    );
  });

  it('leaves slices alone that are few enough', () => {
    const slice = {
      atMs: 0,
      started: 3,
      outcomes: { assigned: 2, ended: 0, error: 1, aborted: 0 },
      inFlight: 4,
    };
    expect(resample({ intervalMs: 500, slices: [slice] }, 10)).toEqual([
      { fromMs: 0, lengthMs: 500, started: 3, outcomes: slice.outcomes, inFlight: 4 },
    ]);
  });

  it('keeps the peak of devices in flight', () => {
    fc.assert(
      fc.property(timeSeries, (series) => {
        const peak = Math.max(0, ...series.slices.map(({ inFlight }) => inFlight));
        expect(Math.max(0, ...resample(series, 20).map(({ inFlight }) => inFlight))).toBe(peak);
      }),
    );
  });
});
