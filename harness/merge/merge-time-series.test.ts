import { describe, expect, it } from 'vitest';
import { TimeSeries } from '../metrics/time-series.ts';
import { makeOutcome } from '../testing/outcomes.ts';
import { mergeTimeSeries } from './merge-time-series.ts';

function seriesOf(startsMs: readonly number[]) {
  const series = new TimeSeries();
  for (const startMs of startsMs) series.add(makeOutcome({ startMs, endMs: startMs + 350 }));
  return series.toReport();
}

describe('mergeTimeSeries', () => {
  it('adds up slices of the same width as one series would have them', () => {
    expect(mergeTimeSeries([seriesOf([0, 200]), seriesOf([100, 900])])).toEqual(seriesOf([0, 100, 200, 900]));
  });

  it('joins slices until all widths fit', () => {
    const long = seriesOf([0, 15_000]);
    const longer = seriesOf([0, 30_000]);
    expect([long.intervalMs, longer.intervalMs]).toEqual([200, 500]);
    const { intervalMs, slices } = mergeTimeSeries([long, longer]);
    expect(intervalMs).toBe(1000);
    expect(slices).toHaveLength(31);
    expect(slices.reduce((sum, { started }) => sum + started, 0)).toBe(4);
    expect(slices.at(-1)?.inFlight).toBe(0);
  });

  it('has no slices where there were none', () => {
    expect(mergeTimeSeries([seriesOf([]), seriesOf([])]).slices).toEqual([]);
  });
});
