import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from './random.ts';

describe('seededRandom', () => {
  it('depends on the seed and the labels, and on nothing else', () => {
    fc.assert(
      fc.property(fc.integer(), fc.string(), fc.nat(), (seed, label, attempt) => {
        const first = seededRandom(seed, label, attempt).bytes(8);
        seededRandom(seed, 'somebody else').bytes(100);
        expect(seededRandom(seed, label, attempt).bytes(8)).toEqual(first);
      }),
    );
  });

  it('keeps labels apart that look alike side by side', () => {
    const streams = [
      seededRandom(1, 'a', 'b'),
      seededRandom(1, 'ab'),
      seededRandom(1, 'a,b'),
      seededRandom(1, 'b', 'a'),
      seededRandom(1, 1, 2),
      seededRandom(1, '1', '2'),
      seededRandom(12, ''),
      seededRandom(1, '2'),
    ].map((random) => random.bytes(16).join());
    expect(new Set(streams).size).toBe(streams.length);
  });

  it('stays in its ranges', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 2 ** 31 }), (seed, bound) => {
        const random = seededRandom(seed);
        const share = random.next();
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThan(1);
        const whole = random.integer(bound);
        expect(Number.isInteger(whole) && whole >= 0 && whole < bound).toBe(true);
      }),
    );
  });

  it('spreads evenly enough: every tenth gets between 8 and 12 percent of 10,000 draws', () => {
    const random = seededRandom(42, 'spread');
    const counts = Array.from({ length: 10 }, () => 0);
    for (let draw = 0; draw < 10_000; draw += 1) {
      const tenth = random.integer(10);
      counts[tenth] = (counts[tenth] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(800);
    expect(Math.max(...counts)).toBeLessThan(1_200);
  });
});
