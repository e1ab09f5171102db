import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLogScale, formatTick, roundUp } from './scale.ts';

const duration = fc.double({ min: 0, max: 1e9, noNaN: true });

describe('createLogScale', () => {
  it('uses 1, 2 and 5 within two decades, and whole decades beyond', () => {
    expect(createLogScale([3, 80]).ticks).toEqual([2, 5, 10, 20, 50, 100]);
    expect(createLogScale([0.4, 9_000]).ticks).toEqual([0.1, 1, 10, 100, 1_000, 10_000]);
  });

  it('counts in minutes and hours where milliseconds end', () => {
    expect(createLogScale([50_000, 4_000_000]).ticks.map(formatTick)).toEqual([
      '30 s',
      '1 min',
      '2 min',
      '5 min',
      '10 min',
      '30 min',
      '1 h',
      '2 h',
    ]);
  });

  it('holds every value, puts 0 on the edge, and has at least two ticks', () => {
    fc.assert(
      fc.property(fc.array(duration), (values) => {
        const scale = createLogScale(values);
        expect(scale.max).toBeGreaterThan(scale.min);
        expect(scale.ticks.length).toBeGreaterThanOrEqual(2);
        for (const value of values) {
          expect(scale.clamp(value)).toBeGreaterThanOrEqual(scale.min);
          expect(scale.clamp(value)).toBeLessThanOrEqual(scale.max);
        }
      }),
    );
  });
});

describe('roundUp', () => {
  it.each([
    [31_250, 1_000, 60_000],
    [700, 500, 1_000],
    [10, 300, 30_000],
  ])('takes %d ms in units of %d ms up to %d ms', (atLeast, unit, expected) => {
    expect(roundUp(atLeast, unit)).toBe(expected);
  });
});

describe('formatTick', () => {
  it.each([
    [0, '0'],
    [0.05, '0.05 ms'],
    [200, '200 ms'],
    [1_500, '1.5 s'],
    [60_000, '1 min'],
    [90_000, '90 s'],
    [5_400_000, '90 min'],
    [36_000_000, '10 h'],
  ])('writes %d ms as %s', (ms, expected) => {
    expect(formatTick(ms)).toBe(expected);
  });
});
