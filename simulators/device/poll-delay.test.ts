import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../kernel/random.ts';
import { DEFAULT_POLL_DELAY_MS, MAX_POLL_DELAY_MS, pollDelayMs } from './poll-delay.ts';

const random = () => seededRandom(1, 'poll');

describe('pollDelayMs', () => {
  it.each([
    [undefined, DEFAULT_POLL_DELAY_MS],
    [0, 0],
    [3, 3_000],
    [60, MAX_POLL_DELAY_MS],
    [86_400, MAX_POLL_DELAY_MS],
  ])('of Retry-After %s is %i ms', (retryAfterSeconds, delayMs) => {
    expect(pollDelayMs(retryAfterSeconds, 0, random)).toBe(delayMs);
  });

  it('never comes earlier than asked for, nor later than the jitter allows', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 60 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer(),
        (s, jitter, seed) => {
          const delay = pollDelayMs(s, jitter, () => seededRandom(seed));
          expect(delay).toBeGreaterThanOrEqual(s * 1000);
          expect(delay).toBeLessThanOrEqual(s * 1000 * (1 + jitter));
        },
      ),
    );
  });

  it('is the same again for the same device and poll', () => {
    expect(pollDelayMs(5, 0.5, random)).toBe(pollDelayMs(5, 0.5, random));
  });
});
