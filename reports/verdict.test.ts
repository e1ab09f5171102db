import { describe, expect, it } from 'vitest';
import { buildCheck, buildRunResult } from './testing/build-run-result.ts';
import { buildEmptyRun, runResultFixtures } from './testing/run-result-fixtures.ts';
import { describeVerdict, headline } from './verdict.ts';

describe('describeVerdict', () => {
  it('does not call a run good in which nothing was checked', () => {
    expect(describeVerdict(buildRunResult({ checks: [] })).tone).toBe('warning');
  });

  it('speaks of the oracle only when the oracle spoke', () => {
    const withOracle = buildRunResult({ checks: [buildCheck({ kind: 'oracle' })] });
    const without = buildRunResult({ checks: [buildCheck({ kind: 'threshold' })] });
    expect(describeVerdict(withOracle).meaning).toMatch(/oracle/);
    expect(describeVerdict(without).meaning).not.toMatch(/oracle/);
  });

  it.each([
    ['failed', 'bad'],
    ['interrupted', 'warning'],
    ['huge', 'bad'],
  ] as const)('gives the %s run the tone %s', (name, tone) => {
    expect(describeVerdict(runResultFixtures[name]()).tone).toBe(tone);
  });
});

describe('headline', () => {
  it('says how many, how long and how fast', () => {
    expect(headline(buildRunResult())).toBe('1,000 of 1,000 devices assigned in 8.43 s, 118.6 per second');
  });

  it('does not divide by nothing', () => {
    expect(headline(buildEmptyRun())).toBe('No device took part in this run');
  });
});
