import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DurationHistogram } from './histogram.ts';

function histogramOf(durationsMs: readonly number[]): DurationHistogram {
  const histogram = new DurationHistogram();
  for (const durationMs of durationsMs) histogram.record(durationMs);
  return histogram;
}

describe('DurationHistogram', () => {
  it('knows nothing before it has recorded something', () => {
    const histogram = new DurationHistogram();
    expect(histogram.statistic({ kind: 'count' })).toBe(0);
    expect(histogram.statistic({ kind: 'percentile', percentile: 95 })).toBeUndefined();
    expect(histogram.toDistribution()).toMatchObject({ count: 0, minMs: null, p95Ms: null, maxMs: null });
  });

  it('tells percentiles to three digits', () => {
    const histogram = histogramOf(Array.from({ length: 1000 }, (_, index) => index + 1));
    for (const [percentile, ms] of [
      [50, 500],
      [95, 950],
      [99, 990],
    ] as const) {
      expect(histogram.statistic({ kind: 'percentile', percentile })).toBeGreaterThan(ms * 0.999);
      expect(histogram.statistic({ kind: 'percentile', percentile })).toBeLessThan(ms * 1.001);
    }
    expect(histogram.statistic({ kind: 'avg' })).toBeCloseTo(500.5, 0);
  });

  it('takes what cannot be for what is nearest to it', () => {
    const histogram = histogramOf([-5, 1e12]);
    expect(histogram.statistic({ kind: 'min' })).toBe(0);
    expect(histogram.statistic({ kind: 'max' })).toBeGreaterThanOrEqual(24 * 3_600_000);
  });

  it('is the same whether durations were recorded in one or joined from two', () => {
    const durations = fc.array(fc.double({ min: 0, max: 100_000, noNaN: true }), { maxLength: 50 });
    fc.assert(
      fc.property(durations, durations, (some, others) => {
        const joined = histogramOf(some);
        joined.add(histogramOf(others));
        expect(joined.toDistribution()).toEqual(histogramOf([...some, ...others]).toDistribution());
      }),
      { numRuns: 30 },
    );
  });
});
