import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rangeAt, shareOut, splitIntoRanges } from './ranges.ts';

describe('splitIntoRanges', () => {
  it('makes no range of no devices', () => {
    expect(splitIntoRanges(0, 100)).toEqual([]);
  });

  it('cuts what is left over into a shorter last range', () => {
    expect(splitIntoRanges(5, 2)).toEqual([
      { number: 0, from: 0, to: 2 },
      { number: 1, from: 2, to: 4 },
      { number: 2, from: 4, to: 5 },
    ]);
  });

  it('puts every device in exactly one range, and no range over the end of the warm-up', () => {
    const counts = [
      fc.integer({ min: 0, max: 3000 }),
      fc.integer({ min: 1, max: 500 }),
      fc.nat(4000),
    ] as const;
    fc.assert(
      fc.property(...counts, (devices, size, warmUp) => {
        const ranges = splitIntoRanges(devices, size, warmUp);
        expect(ranges.some(({ from, to }) => from < warmUp && to > warmUp)).toBe(false);
        const members = ranges.flatMap(({ from, to }) =>
          Array.from({ length: to - from }, (_, at) => from + at),
        );
        expect(members).toEqual(Array.from({ length: devices }, (_, index) => index));
        expect(ranges.every(({ from, to }) => to - from >= 1 && to - from <= size)).toBe(true);
        expect(ranges.map(({ number }) => number)).toEqual([...ranges.keys()]);
        for (const { from, to, number } of ranges) {
          expect(rangeAt(ranges, from)?.number).toBe(number);
          expect(rangeAt(ranges, to - 1)?.number).toBe(number);
        }
        expect(rangeAt(ranges, devices)).toBeUndefined();
      }),
    );
  });
});

describe('shareOut', () => {
  it('adds up to the total, evenly', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: 1, max: 64 }), (total, parts) => {
        const shares = shareOut(total, parts);
        expect(shares).toHaveLength(parts);
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(total);
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
      }),
    );
  });
});
