import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LiveCounts } from '../load/shared-control.ts';
import { Recorder } from '../metrics/recorder.ts';
import { splitIntoRanges } from '../plan/ranges.ts';
import { makeOutcome } from '../testing/outcomes.ts';
import { planOfEntry } from '../testing/plans.ts';
import { FleetTally } from './fleet-tally.ts';
import { type Lease, RangeBook } from './range-book.ts';

const counts = (assigned: number): LiveCounts => ({
  started: assigned,
  assigned,
  ended: 0,
  error: 0,
  aborted: 0,
});
const lease = (range: number, delivery: number, worker: string): Lease => ({ range, delivery, worker });

describe('RangeBook', () => {
  const bookOf = (devices: number) => new RangeBook(splitIntoRanges(devices, 10));

  it('forgets what a worker counted of a range that another one has now', () => {
    const book = bookOf(20);
    book.lease(lease(0, 1, 'a'));
    book.count({ worker: 'a', sequence: 1, ranges: [{ range: 0, delivery: 1, counts: counts(7) }] });
    expect(book.counts.assigned).toBe(7);
    book.lease(lease(0, 2, 'b'));
    expect(book.counts.assigned).toBe(0);
    book.count({ worker: 'a', sequence: 2, ranges: [{ range: 0, delivery: 1, counts: counts(9) }] });
    expect(book.counts.assigned).toBe(0);
    expect(book.finish(lease(0, 1, 'a'), counts(10))).toBe('superseded');
    expect(book.finish(lease(0, 2, 'b'), counts(10))).toBe('take');
    expect(book.finish(lease(0, 2, 'b'), counts(10))).toBe('taken');
    expect([book.counts.assigned, book.remaining, book.givenOutAgain]).toEqual([10, 1, 1]);
  });

  it('takes the newest snapshot of a worker, in whatever order they come', () => {
    const book = bookOf(10);
    book.lease(lease(0, 1, 'a'));
    book.count({ worker: 'a', sequence: 5, ranges: [{ range: 0, delivery: 1, counts: counts(5) }] });
    book.count({ worker: 'a', sequence: 4, ranges: [{ range: 0, delivery: 1, counts: counts(4) }] });
    expect(book.counts.assigned).toBe(5);
  });

  it('gives nobody what is done, and nobody an older lease', () => {
    const book = bookOf(10);
    expect(book.lease(lease(0, 2, 'a'))).toBe('yours');
    expect(book.lease(lease(0, 1, 'b'))).toBe('superseded');
    expect(book.isHeldBy('a', 0)).toBe(true);
    book.finish(lease(0, 2, 'a'), counts(10));
    expect(book.lease(lease(0, 3, 'b'))).toBe('done');
    expect(book.lease(lease(99, 1, 'b'))).toBe('done');
  });

  const DEVICES = 25;
  const SIZE = 4;
  const ranges = splitIntoRanges(DEVICES, SIZE);
  const { devices, ...rest } = planOfEntry(`devices = ${DEVICES}\nattestation = "x509"`);
  const workers = ['a', 'b', 'c'];
  const messages = fc.array(
    fc.record({
      kind: fc.constantFrom('lease', 'snapshot', 'result'),
      range: fc.nat(ranges.length - 1),
      delivery: fc.integer({ min: 1, max: 4 }),
      worker: fc.constantFrom(...workers),
      sequence: fc.nat(9),
    }),
    { maxLength: 120 },
  );
  /** Every lease of a range measures something else, so that a wrong one shows. */
  const outcomesOf = ({ range, delivery, worker }: Lease) => {
    const { from, to } = ranges[range] ?? { from: 0, to: 0 };
    return devices.slice(from, to).map(({ spec: { index, registrationId }, cell }) => {
      const tookMs = 1 + index + 100 * delivery + 1000 * workers.indexOf(worker);
      return makeOutcome({ index, registrationId, cell, endMs: tookMs });
    });
  };

  it('counts every device once, as its range was brought to an end, whatever comes twice, late or never', () => {
    fc.assert(
      fc.property(messages, (history) => {
        const book = new RangeBook(ranges);
        const tally = new FleetTally({ ...rest, devices }, []);
        const taken = new Map<number, Lease>();
        const settle = (message: Lease): void => {
          const outcomes = outcomesOf(message);
          if (book.finish(message, counts(outcomes.length)) !== 'take') return;
          expect(taken.has(message.range)).toBe(false);
          taken.set(message.range, message);
          tally.take(message.range, outcomes, []);
        };
        for (const { kind, sequence, ...message } of history) {
          const { worker, ...ofRange } = message;
          if (kind === 'lease') book.lease(message);
          if (kind === 'snapshot')
            book.count({ worker, sequence, ranges: [{ ...ofRange, counts: counts(2) }] });
          if (kind === 'result') settle(message);
          expect(book.counts.assigned).toBeLessThanOrEqual(DEVICES);
        }
        // Then a worker that stays takes what is left.
        for (const { number } of ranges) {
          const last = lease(number, 9, 'c');
          if (book.lease(last) === 'yours') settle(last);
        }
        const expected = new Recorder();
        for (const one of taken.values()) for (const outcome of outcomesOf(one)) expected.add(outcome);
        expect(book.isComplete).toBe(true);
        expect(book.counts).toEqual(counts(DEVICES));
        expect(tally.ledger.reported).toBe(DEVICES);
        expect(tally.recorder.total.toDistribution()).toEqual(expected.total.toDistribution());
      }),
    );
  });
});
