import { describe, expect, it } from 'vitest';
import { Recorder } from '../metrics/recorder.ts';
import { makeOutcome, refusedWith } from '../testing/outcomes.ts';
import { brokenThreshold, checkThresholds } from './thresholds.ts';

/** 9 assigned and one refused device, one after the other, 100 ms each: a second in all. */
function tenDevices(): Recorder {
  const recorder = new Recorder();
  for (let index = 0; index < 10; index += 1) {
    const refused = index === 0 ? { result: refusedWith(401, 401_002) } : {};
    recorder.add(makeOutcome({ startMs: index * 100, phasesMs: { register: index }, ...refused }));
  }
  return recorder;
}

describe('checkThresholds', () => {
  it.each([
    ['errors', 'rate <= 10 %', true, '10.00 %'],
    ['errors', 'rate < 10 %', false, '10.00 %'],
    ['errors', 'count == 1', true, '1'],
    ['assigned', 'count > 9', false, '9'],
    ['assigned', 'perSecond >= 9', true, '9.0/s'],
    ['total', 'p(95) < 101', true, '100 ms'],
    ['total', 'max < 0.05 s', false, '100 ms'],
    ['total', 'count >= 10', true, '10'],
    ['register', 'max < 9.1', true, '9.00 ms'],
    ['lateness', 'max < 1', true, '0.00 ms'],
  ])('judges %s: %s as %s', (metric, condition, passed, actual) => {
    expect(checkThresholds({ [metric]: condition }, tenDevices())).toMatchObject([
      { kind: 'threshold', name: `${metric}: ${condition}`, passed, actual },
    ]);
  });

  it('makes a check of each condition', () => {
    const checks = checkThresholds({ total: ['max < 1', 'max < 200'], errors: 'count < 5' }, tenDevices());
    expect(checks.map(({ passed }) => passed)).toEqual([false, true, true]);
  });

  it('fails where nothing was measured, however high the limit', () => {
    expect(checkThresholds({ 'hub-connect': 'max < 1000000' }, tenDevices())).toMatchObject([
      { passed: false, actual: 'nothing was measured' },
    ]);
    expect(checkThresholds({ errors: 'rate < 100 %' }, new Recorder())[0]?.passed).toBe(false);
  });
});

describe('brokenThreshold', () => {
  const abort = { threshold: 'rate < 5 %', abortOnFail: true, delayAbortEvalSeconds: 10 };

  it('names the threshold that does not hold, after its delay', () => {
    expect(brokenThreshold({ errors: abort }, tenDevices(), 9_999)).toBeUndefined();
    expect(brokenThreshold({ errors: abort }, tenDevices(), 10_000)).toBe('errors: rate < 5 %');
  });

  it('lets a run go on for thresholds that only judge, that hold, or that have seen nothing', () => {
    const holds = { ...abort, threshold: 'rate < 50 %' };
    expect(brokenThreshold({ errors: ['rate < 5 %', holds] }, tenDevices(), 60_000)).toBeUndefined();
    expect(brokenThreshold({ errors: abort }, new Recorder(), 60_000)).toBeUndefined();
  });
});
