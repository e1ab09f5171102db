import { describe, expect, it } from 'vitest';
import { parseThreshold, type Threshold } from './threshold-syntax.ts';

describe('parseThreshold', () => {
  it.each<[string, string, Omit<Threshold, 'metric' | 'text'>]>([
    [
      'total',
      'p(95) < 2000',
      { statistic: { kind: 'percentile', percentile: 95 }, operator: '<', limit: 2000 },
    ],
    [
      'total',
      'p(99.9)<=1.5 s',
      { statistic: { kind: 'percentile', percentile: 99.9 }, operator: '<=', limit: 1500 },
    ],
    ['register', 'avg < 20ms', { statistic: { kind: 'avg' }, operator: '<', limit: 20 }],
    ['lateness', ' max > 1 ', { statistic: { kind: 'max' }, operator: '>', limit: 1 }],
    ['errors', 'rate < 1 %', { statistic: { kind: 'rate' }, operator: '<', limit: 0.01 }],
    ['errors', 'rate < 0.02', { statistic: { kind: 'rate' }, operator: '<', limit: 0.02 }],
    ['assigned', 'perSecond >= 50', { statistic: { kind: 'perSecond' }, operator: '>=', limit: 50 }],
    ['assigned', 'count == 1000', { statistic: { kind: 'count' }, operator: '==', limit: 1000 }],
  ])('reads %s: %j', (metric, text, expected) => {
    expect(parseThreshold(metric, text)).toEqual({ metric, text, ...expected });
  });

  it.each([
    ['total', 'p95 < 1', /is no threshold: expected for example/],
    ['total', 'p(95) < ', /is no threshold/],
    ['total', 'p(95) != 3', /is no threshold/],
    ['total', 'p(95) < 2 minutes', /is no threshold/],
    ['total', 'p(101) < 1', /expected a percentile up to 100/],
    ['total', 'rate < 1 %', /expected p\(N\)/],
    ['errors', 'max < 1', /expected rate, count or perSecond/],
    ['speed', 'max < 1', /expected one of total, lateness/],
    ['total', 'p(95) < 5 %', /% is the unit of rate/],
    ['errors', 'rate < 5 s', /s is a unit of durations/],
    ['total', 'count < 5 ms', /ms is a unit of durations/],
  ])('refuses %s: %j', (metric, text, says) => {
    expect(() => parseThreshold(metric, text)).toThrow(says);
  });
});
