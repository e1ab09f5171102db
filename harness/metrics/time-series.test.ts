import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeOutcome } from '../testing/outcomes.ts';
import { TimeSeries } from './time-series.ts';

describe('TimeSeries', () => {
  it('says what started, ended and was under way in each tenth of a second', () => {
    const series = new TimeSeries();
    series.add(makeOutcome({ startMs: 0, endMs: 150 }));
    series.add(makeOutcome({ startMs: 120, endMs: 199 }));
    const { intervalMs, slices } = series.toReport();
    expect(intervalMs).toBe(100);
    expect(
      slices.map(({ atMs, started, outcomes, inFlight }) => [atMs, started, outcomes.assigned, inFlight]),
    ).toEqual([
      [0, 1, 0, 1],
      [100, 1, 2, 0],
    ]);
  });

  it('joins slices of a long run, and loses nobody', () => {
    const time = fc.integer({ min: 0, max: 600_000 });
    fc.assert(
      fc.property(fc.array(fc.tuple(time, time), { minLength: 1, maxLength: 40 }), (lives) => {
        const series = new TimeSeries();
        for (const [a, b] of lives)
          series.add(makeOutcome({ startMs: Math.min(a, b), endMs: Math.max(a, b) }));
        const { intervalMs, slices } = series.toReport();
        expect(slices.length).toBeLessThanOrEqual(120);
        expect(slices.reduce((sum, { started }) => sum + started, 0)).toBe(lives.length);
        expect(slices.reduce((sum, { outcomes }) => sum + outcomes.assigned, 0)).toBe(lives.length);
        expect(slices.at(-1)?.inFlight).toBe(0);
        expect(
          slices.every(({ atMs, inFlight }, index) => atMs === index * intervalMs && inFlight >= 0),
        ).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
