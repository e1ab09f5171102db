import { describe, expect, it } from 'vitest';
import type { LoggedRequest } from '../../simulators/index.ts';
import { conversationsOf } from './conversations.ts';
import { gradeClient } from './grade.ts';
import { retryFigures } from './retry-figures.ts';

interface Asked {
  /** Seconds since the beginning. */
  readonly at: number;
  readonly status: number;
  readonly told?: number;
  readonly poll?: true;
}

/** A request log of devices that all did the same, `laterMs` after each other. */
function logOf(devices: number, asked: readonly Asked[], laterMs = 0): readonly LoggedRequest[] {
  const began = Date.parse('2026-11-23T00:00:00Z');
  return Array.from({ length: devices }, (_, device) =>
    asked.map(
      ({ at, status, told, poll }): LoggedRequest => ({
        at: new Date(began + at * 1000 * (1 + (device * laterMs) / 1000)).toISOString(),
        requestId: 'id',
        method: 'PUT',
        path: '/',
        registrationId: `DEV-${device}`,
        operation: poll === true ? 'poll' : 'register',
        status,
        retryAfterSeconds: told,
        errorCode: undefined,
        reason: undefined,
        durationMs: 0,
      }),
    ),
  ).flat();
}

const graded = (requests: readonly LoggedRequest[], timeScale = 1) =>
  gradeClient('a client', retryFigures([...conversationsOf(requests).values()], { timeScale }));
const against = (requests: readonly LoggedRequest[], timeScale?: number) => {
  const { grade, findings } = graded(requests, timeScale);
  return [grade, ...findings.flatMap(({ atBest, evidence }) => (atBest === null ? [] : [evidence]))];
};

/** Refused once, told 5 s, and comes after `wait`. */
const comesAfter = (wait: number): readonly Asked[] => [
  { at: 0, status: 429, told: 5 },
  { at: wait, status: 202, told: 1 },
  { at: wait + 1.5, status: 200, poll: true },
];

describe('gradeClient', () => {
  it('gives an A to a herd that keeps to Retry-After and spreads', () => {
    expect(against(logOf(30, comesAfter(5), 20))).toEqual(['A']);
    expect(graded(logOf(30, comesAfter(5), 20)).findings.map(({ evidence }) => evidence)).toEqual([
      'keeps to the Retry-After of a refusal, 30 of 30 times: told 5.00 s, waited 6.50 s (medians)',
      'keeps to the Retry-After of a 202, 30 of 30 times: told 1.00 s, waited 1.95 s (medians)',
      'gets through 30 refusals, no device gives up',
    ]);
  });

  it('gives a B to a herd that stays one', () => {
    expect(against(logOf(30, comesAfter(5)))).toEqual([
      'B',
      'comes back as one herd: 80 % of 30 waits are between 5.00 s and 5.00 s',
    ]);
  });

  it('gives a D to who comes before the Retry-After of a refusal is over', () => {
    expect(against(logOf(2, comesAfter(1)))).toEqual([
      'D',
      'comes before the Retry-After of a refusal is over, 2 of 2 times: told 5.00 s, waited 1.00 s (medians)',
    ]);
  });

  it('gives an F to who asks again at once', () => {
    const [grade, first] = against(logOf(2, comesAfter(0.01)));
    expect([grade, first]).toEqual(['F', 'asks again at once: 0.01 s after a refusal (median of 2)']);
  });

  it('gives a C to who does not follow the Retry-After of a 202', () => {
    const asked = [
      { at: 0, status: 202, told: 8 },
      { at: 5, status: 202, told: 8, poll: true },
      { at: 10, status: 200, poll: true },
    ] as const;
    expect(against(logOf(4, asked))).toEqual([
      'C',
      'comes before the Retry-After of a 202 is over, 8 of 8 times: told 8.00 s, waited 5.00 s (medians)',
    ]);
  });

  it('tells who gives up at the first refusal from who tries again', () => {
    expect(against(logOf(3, [{ at: 0, status: 429, told: 5 }]))).toEqual([
      'D',
      'gives up at the first refusal (429): 3 of 3 devices',
    ]);
    const tried = [
      { at: 0, status: 429 },
      { at: 60, status: 429 },
    ] as const;
    expect(against(logOf(3, tried))).toEqual(['C', 'gives up after some tries (429): 3 of 3 devices']);
  });

  it('gives a C to who waits for so long that its token expires', () => {
    const asked = [
      { at: 0, status: 429, told: 5 },
      { at: 60, status: 401 },
    ] as const;
    expect(against(logOf(3, asked))).toEqual([
      'C',
      'waits, and is refused for good then (401): 3 of 3 devices',
    ]);
  });

  it('gives a C to who waits no longer each time, where nobody told it how long', () => {
    const steady = [0, 2, 4, 6].map((at): Asked => ({ at, status: at === 6 ? 200 : 503 }));
    expect(against(logOf(2, steady))).toEqual([
      'C',
      'does not wait longer each time: 2.00 s after the first refusal, 2.00 s after the third',
    ]);
    const growing = [0, 2, 6, 14].map((at): Asked => ({ at, status: at === 14 ? 200 : 503 }));
    expect(against(logOf(2, growing))).toEqual(['A']);
  });

  it('gives a D to who asks for its status more than five times in ten seconds', () => {
    const polls = (every: number): readonly Asked[] => [
      { at: 0, status: 202 },
      ...Array.from(
        { length: 12 },
        (_, index): Asked => ({ at: (index + 1) * every, status: 202, poll: true }),
      ),
    ];
    expect(against(logOf(1, polls(1)))).toEqual(['D', 'asks for its status 10 times in 10 s, 5 are allowed']);
    expect(against(logOf(1, polls(2)))).toEqual([null]);
  });

  it('grades in the time of a client whose waits are shortened', () => {
    expect(against(logOf(2, comesAfter(0.6)), 0.01)).toEqual(['A']);
    expect(graded(logOf(2, comesAfter(0.6)), 0.01).waits).toEqual([
      { refusal: 1, count: 2, p10Ms: 60_000, p50Ms: 60_000, p90Ms: 60_000 },
    ]);
  });

  it('gives no grade to who was never told to wait', () => {
    expect(against(logOf(2, [{ at: 0, status: 200 }]))).toEqual([null]);
  });
});

describe('retryFigures', () => {
  it('draws the back-off curve, counts what a refusal costs and when it is over', () => {
    const asked = [
      { at: 0, status: 429 },
      { at: 1, status: 503 },
      { at: 3, status: 429 },
      { at: 7, status: 202, told: 1 },
      { at: 9, status: 200, poll: true },
    ] as const;
    const { waits, amplification, recoveryMs, refusals, requests } = graded(logOf(10, asked));
    expect(waits.map(({ refusal, p50Ms }) => [refusal, p50Ms])).toEqual([
      [1, 1000],
      [2, 2000],
      [3, 4000],
    ]);
    expect({ amplification, recoveryMs, refusals, requests }).toEqual({
      amplification: 2.5,
      recoveryMs: 6000,
      refusals: 30,
      requests: 50,
    });
  });

  it('takes ids that differ by case for one device, and passes over what is no registration', () => {
    const requests = logOf(1, comesAfter(5)).map((one, index) => ({
      ...one,
      registrationId: index === 0 ? 'dev-0' : 'DEV-0',
    }));
    const noise = { ...requests[0], operation: undefined } as LoggedRequest;
    expect(graded([...requests, noise])).toMatchObject({ devices: 1, requests: 3 });
  });
});
