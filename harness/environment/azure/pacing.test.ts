import { describe, expect, it } from 'vitest';
import { createInstantClock } from '../../../simulators/kernel/testing/instant-clock.ts';
import { createPacer, describeEstimate, estimateRun, pacedLoad } from './pacing.ts';

const quota = { registrationsPerMinute: 600, serviceOperationsPerMinute: 600 };

describe('pacedLoad', () => {
  it('makes an even rate of 80 % of the quota of anything faster, and of loops without a rate', () => {
    const most = { arrival: 'constant-rate', ratePerSecond: 8 };
    expect(pacedLoad({ arrival: 'all-at-once' }, quota)).toEqual(most);
    expect(pacedLoad({ arrival: 'constant-concurrency', concurrency: 1 }, quota)).toEqual(most);
    expect(pacedLoad({ arrival: 'poisson', ratePerSecond: 9 }, quota)).toEqual(most);
  });

  it('leaves slower arrivals as they are', () => {
    const slow = { arrival: 'constant-rate', ratePerSecond: 2 } as const;
    expect(pacedLoad(slow, quota)).toBe(slow);
  });
});

describe('createPacer', () => {
  it('lets requests through evenly, however many come at once', async () => {
    const clock = createInstantClock(0);
    const untilQuota = createPacer(600, clock);
    for (let count = 0; count < 5; count += 1) await untilQuota(new AbortController().signal);
    expect(clock.sleepsMs).toEqual([125, 125, 125, 125]);
  });
});

describe('estimateRun', () => {
  it('counts what a service bills and how long its quota lasts', () => {
    const estimate = estimateRun({ devices: 4_800, individual: 0, groups: 1 }, quota);
    expect(estimate.billedRegistrations).toBe(4_800);
    expect(estimate.serviceOperations).toBe(2 + 2 * 4_800);
    expect(Math.ceil(estimate.minutes)).toBe(31);
    expect(describeEstimate(estimate, 'dps.example', quota).join('\n')).toMatch(/about 31 minutes/);
  });
});
