import { describe, expect, it } from 'vitest';
import { createFaultInjector } from './fault-injector.ts';
import { parseServiceFaults, parseServiceFaultText, type ServiceFault } from './service-fault.ts';

const injector = (...faults: readonly ServiceFault[]) => createFaultInjector(7, faults);
const ids = Array.from({ length: 400 }, (_, index) => `dev-${index}`);

describe('createFaultInjector', () => {
  it('meets the attempts that it is told, of each device on its own', () => {
    const { refusalOf } = injector({ kind: 'unavailable', fromAttempt: 2, attempts: 1 });
    const seen = (id: string) => [1, 2, 3].map(() => refusalOf('register', id)?.status);
    expect(seen('a')).toEqual([undefined, 503, undefined]);
    expect(seen('b')).toEqual([undefined, 503, undefined]);
  });

  it('has a window of time, from when it was ordered', () => {
    let nowMs = 5_000;
    const { refusalOf } = createFaultInjector(7, [{ kind: 'unavailable', fromSeconds: 2, forSeconds: 3 }], {
      monotonicMs: () => nowMs,
    });
    const seen = [0, 1_999, 2_000, 4_999, 5_000].map((elapsedMs) => {
      nowMs = 5_000 + elapsedMs;
      return refusalOf('register', 'a')?.status;
    });
    expect(seen).toEqual([undefined, undefined, 503, 503, undefined]);
  });

  it('counts register requests and status queries apart', () => {
    const { refusalOf } = injector({ kind: 'throttle', on: 'poll', attempts: 1, retryAfter: 3 });
    expect(refusalOf('register', 'a')).toBeUndefined();
    expect(refusalOf('poll', 'a')).toMatchObject({ status: 429, retryAfterSeconds: 3 });
    expect(refusalOf('poll', 'a')).toBeUndefined();
  });

  it.each([
    ['rig-*', ['rig-1', 'RIG-2'], ['other', 'my-rig-1']],
    [
      ['a', '*-b'],
      ['a', 'A', 'x-b'],
      ['b', 'ab'],
    ],
    ['a.c*', ['a.c1'], ['abc1']],
  ])('meets devices by %j', (devices, met, spared) => {
    const { refusalOf } = injector({ kind: 'refuse', errorCode: 401_002, message: 'no', devices });
    for (const id of met)
      expect(refusalOf('register', id)).toMatchObject({ status: 401, errorCode: 401_002 });
    for (const id of spared) expect(refusalOf('register', id)).toBeUndefined();
  });

  it('draws by seed, device and attempt, in whatever order devices come', () => {
    const fault: ServiceFault = { kind: 'throttle', probability: 0.2 };
    const drawn = (order: readonly string[]) => {
      const { refusalOf } = injector(fault);
      const met = order.filter((id) => refusalOf('register', id) !== undefined);
      return met.toSorted();
    };
    expect(drawn(ids)).toEqual(drawn(ids.toReversed()));
    expect(drawn(ids).length).toBeGreaterThan(40);
    expect(drawn(ids).length).toBeLessThan(120);
  });

  it('lets two faults of one kind draw on their own', () => {
    const half: ServiceFault = { kind: 'delay', ms: 1, probability: 0.5 };
    const { wireFaultsOf } = injector(half, half);
    const counts = ids.map((id) => wireFaultsOf('register', id).length);
    expect(new Set(counts)).toEqual(new Set([0, 1, 2]));
  });

  it('says how a registration is to end, once for each', () => {
    const fault: ServiceFault = {
      kind: 'fail',
      errorCode: 401_001,
      message: 'gone',
      assigningMs: 5,
      attempts: 1,
    };
    const { outcomeOf } = injector(fault);
    expect(outcomeOf('a')).toEqual({
      outcome: { status: 'failed', errorCode: 401_001, errorMessage: 'gone' },
      assigningMs: 5,
    });
    expect(outcomeOf('a')).toBeUndefined();
  });

  it('takes another order while it runs, and counts anew', () => {
    const ordered = injector({ kind: 'unavailable', attempts: 1 });
    expect(ordered.refusalOf('register', 'a')).toBeDefined();
    ordered.order([{ kind: 'unavailable', attempts: 1 }]);
    expect(ordered.refusalOf('register', 'a')).toBeDefined();
    ordered.order([]);
    expect(ordered.refusalOf('register', 'a')).toBeUndefined();
  });
});

describe('parseServiceFaultText', () => {
  it.each([
    ['throttle', { kind: 'throttle' }],
    ['dps.throttle=20%', { kind: 'throttle', probability: 0.2 }],
    ['delay=0.5,ms=500,on=poll', { kind: 'delay', probability: 0.5, ms: 500, on: 'poll' }],
    ['refuse,errorCode=401002', { kind: 'refuse', errorCode: 401_002, message: 'Refused' }],
    [
      'retry-after,value=http-date,devices=rig-*',
      { kind: 'retry-after', value: 'http-date', devices: 'rig-*' },
    ],
  ])('reads %s', (text, fault) => {
    expect(parseServiceFaultText(text)).toEqual(fault);
  });

  it.each(['', 'nothing', 'throttle=much', 'throttle=200%', 'delay', 'delay,ms', 'reset,typo=1'])(
    'refuses %j',
    (text) => {
      expect(() => parseServiceFaultText(text)).toThrow(expect.objectContaining({ code: 'USAGE' }));
    },
  );
});

describe('parseServiceFaults', () => {
  it('takes one or a list', () => {
    expect(parseServiceFaults({ kind: 'reset' })).toEqual([{ kind: 'reset' }]);
    expect(parseServiceFaults([{ kind: 'reset' }, { kind: 'silence' }])).toHaveLength(2);
  });
});
