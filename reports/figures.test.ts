import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatInstant, formatMs, formatRate, formatShare } from './figures.ts';

describe('formatMs', () => {
  it.each([
    [null, '–'],
    [Number.NaN, '–'],
    [0, '0 ms'],
    [0.42, '0.42 ms'],
    [8.2, '8.20 ms'],
    [9.995, '10.0 ms'],
    [84.14, '84.1 ms'],
    [812.4, '812 ms'],
    [999.6, '1.00 s'],
    [8_432, '8.43 s'],
    [59_996, '1m 00s'],
    [125_000, '2m 05s'],
    [3_599_600, '1h 00m'],
    [60_000_000, '16h 40m'],
    [-3.5, '-3.50 ms'],
  ])('writes %s ms as %s', (ms, expected) => {
    expect(formatMs(ms)).toBe(expected);
  });

  it('never needs more than twelve characters for anything up to a hundred years', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 3.2e12, noNaN: true }), (ms) => {
        expect(formatMs(ms).length).toBeLessThanOrEqual(12);
      }),
    );
  });
});

describe('formatShare', () => {
  it.each([
    [0, 0, '–'],
    [0, 10, '0 %'],
    [10, 10, '100 %'],
    [97, 100, '97 %'],
    [371, 400, '92.7 %'],
    [99_999, 100_000, '> 99.9 %'],
    [1, 100_000, '< 0.1 %'],
  ])('writes %d of %d as %s', (part, whole, expected) => {
    expect(formatShare(part, whole)).toBe(expected);
  });

  it('says 100 % only when nothing is missing', () => {
    fc.assert(
      fc.property(fc.nat(1e9), fc.nat(1e9), (part, missing) => {
        expect(formatShare(part, part + missing) === '100 %').toBe(missing === 0 && part > 0);
      }),
    );
  });
});

it('keeps the digits of a rate that say something', () => {
  expect([0.594, 118.6, 1_204.4].map(formatRate)).toEqual(['0.59', '118.6', '1,204']);
});

it('writes an instant in UTC without fractions', () => {
  expect(formatInstant('2026-11-23T09:15:04.210Z')).toBe('2026-11-23 09:15:04 UTC');
});
