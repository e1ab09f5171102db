import { describe, expect, it } from 'vitest';
import { runResultSchema } from '../../reports/run-result.ts';
import { makeOutcome, refusedWith } from '../testing/outcomes.ts';
import { Recorder } from './recorder.ts';

function recorderOf(...outcomes: Parameters<typeof makeOutcome>[0][]): Recorder {
  const recorder = new Recorder();
  for (const outcome of outcomes) recorder.add(makeOutcome(outcome));
  return recorder;
}

describe('Recorder', () => {
  it('counts outcomes of the fleet and of each cell', () => {
    const recorder = recorderOf(
      { cell: 0 },
      { cell: 1 },
      { cell: 1, result: refusedWith(401, 401_002) },
      { cell: 1, result: { kind: 'aborted' } },
    );
    expect(recorder.counts).toEqual({ assigned: 2, ended: 0, error: 1, aborted: 1 });
    expect(recorder.cell(0).counts).toEqual({ assigned: 1, ended: 0, error: 0, aborted: 0 });
    expect(recorder.cell(1).counts).toEqual({ assigned: 1, ended: 0, error: 1, aborted: 1 });
  });

  it('measures from the intended start, so that a late generator makes no service look quick', () => {
    const recorder = recorderOf({ intendedStartMs: 100, startMs: 600, endMs: 700 });
    expect(recorder.total.statistic({ kind: 'max' })).toBeCloseTo(600, -1);
    expect(recorder.lateness.statistic({ kind: 'max' })).toBeCloseTo(500, -1);
    expect(recorder.lastEndMs).toBe(700);
  });

  it('measures nothing of devices that were stopped', () => {
    const recorder = recorderOf({ result: { kind: 'aborted' }, endMs: 9_000 });
    expect(recorder.total.count).toBe(0);
    expect(recorder.lateness.count).toBe(0);
  });

  it('keeps the phases that devices went through', () => {
    const recorder = recorderOf({ phasesMs: { register: 20 } }, { phasesMs: { register: 40, 'tcp-tls': 1 } });
    expect(recorder.phaseNames()).toEqual(['register', 'tcp-tls']);
    expect(recorder.phase('register').statistic({ kind: 'avg' })).toBeCloseTo(30, 0);
  });

  it('groups errors by code, the most frequent first, with a few examples', () => {
    const recorder = recorderOf(
      { registrationId: 'a', result: refusedWith(404, 404_201) },
      // As they may come from several workers.
      ...[6, 4, 2, 0, 1, 3, 5].map((index) => ({
        index,
        registrationId: `b${index}`,
        result: refusedWith(401, 401_002),
      })),
    );
    const errors = recorder.errors();
    expect(errors.map(({ code, count }) => [code, count])).toEqual([
      ['DPS_401002', 7],
      ['DPS_404201', 1],
    ]);
    expect(errors[0]?.examples).toEqual(['b0', 'b1', 'b2', 'b3', 'b4']);
    expect(runResultSchema.shape.errors.safeParse(errors).error).toBeUndefined();
  });

  it('counts devices of the warm-up, and keeps their times out of every figure', () => {
    const recorder = recorderOf({ startMs: 0, endMs: 10 });
    recorder.countOnly(makeOutcome({ startMs: 0, endMs: 9_000, cell: 0 }));
    expect(recorder.counts.assigned).toBe(2);
    expect(recorder.cell(0).counts.assigned).toBe(2);
    expect(recorder.timed.assigned).toBe(1);
    expect(recorder.total.count).toBe(1);
    expect(recorder.lastEndMs).toBe(10);
  });
});
