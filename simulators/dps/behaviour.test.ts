import { describe, expect, it } from 'vitest';
import { type Behaviour, withBehaviour } from './behaviour.ts';
import { latencies } from './latency.ts';
import { resolveRules } from './rules.ts';
import {
  createTestCore,
  refusedWith,
  sasProof,
  symmetricKeys,
  testId,
  testScope,
  testToken,
} from './testing/test-core.ts';

const key = new Uint8Array(32).fill(1);
const none = {
  throttledOnce: 0,
  unavailableOnce: 0,
  pollUnavailableOnce: 0,
  earlyIsRefused: false,
  seed: 1,
};

function createCore(behaviour: Partial<Behaviour>, ids: readonly string[] = [testId]) {
  const core = createTestCore({ assigningDurationMs: 3000 });
  core.enrollments.put(ids.map((registrationId) => ({ registrationId, attestation: symmetricKeys(key) })));
  const service = withBehaviour(core.service, {
    behaviour: { ...none, ...behaviour },
    clock: core.clock,
    retryAfterSeconds: 2,
    rules: resolveRules(),
  });
  const device = (registrationId: string) => ({
    idScope: testScope,
    registrationId,
    proof: sasProof(testToken(registrationId, key)),
  });
  const register = (registrationId = testId) => service.register(device(registrationId), {});
  const accepted = () => {
    const answer = register();
    if (answer.kind !== 'accepted') throw new Error(answer.kind);
    return answer.operation.operationId;
  };
  const poll = (operationId: string) => service.queryOperation(device(testId), operationId);
  return { clock: core.clock, register, accepted, poll };
}

describe('withBehaviour', () => {
  it('answers 429 to the first register of a device, once', () => {
    const { register } = createCore({ throttledOnce: 1 });
    expect(register()).toMatchObject({
      ...refusedWith(429, 429001),
      refusal: { retryAfterSeconds: 2 },
    });
    expect(register().kind).toBe('accepted');
    expect(register().kind).toBe('accepted');
  });

  it('answers 503 to the first register, and to the first status query, once', () => {
    const { register, accepted, poll } = createCore({ unavailableOnce: 1, pollUnavailableOnce: 1 });
    expect(register()).toEqual(refusedWith(503, 503001));
    const operationId = accepted();
    expect(poll(operationId)).toEqual(refusedWith(503, 503001));
    expect(poll(operationId).kind).toBe('running');
  });

  it('refuses who comes before its Retry-After is over, and says how long to wait', () => {
    const { clock, register, accepted, poll } = createCore({ earlyIsRefused: true });
    const operationId = accepted();
    clock.advanceMs(500);
    expect(poll(operationId)).toMatchObject({ refusal: { status: 429, retryAfterSeconds: 2 } });
    expect(register()).toEqual(refusedWith(429, 429001));
    clock.advanceMs(1500);
    expect(poll(operationId).kind).toBe('running');
    expect(poll(operationId)).toEqual(refusedWith(429, 429001));
    clock.advanceMs(2000);
    expect(poll(operationId).kind).toBe('finished');
    expect(register().kind).toBe('accepted');
  });

  it('refuses also who does not wait after a 429', () => {
    const { clock, register } = createCore({ earlyIsRefused: true, throttledOnce: 1 });
    expect(register()).toEqual(refusedWith(429, 429001));
    expect(register()).toEqual(refusedWith(429, 429001));
    clock.advanceMs(2000);
    expect(register().kind).toBe('accepted');
  });

  it('chooses its devices by seed and id, in whatever order they come', () => {
    const ids = Array.from({ length: 200 }, (_, index) => `dev-${index}`);
    const struck = (seed: number, order: readonly string[]) => {
      const { register } = createCore({ throttledOnce: 0.1, seed }, ids);
      return order.filter((id) => register(id).kind === 'refused').sort();
    };
    const first = struck(1, ids);
    expect(first.length).toBeGreaterThan(5);
    expect(first.length).toBeLessThan(50);
    expect(struck(1, ids.toReversed())).toEqual(first);
    expect(struck(2, ids)).not.toEqual(first);
  });
});

describe('latencies', () => {
  it('are nothing, or a function of seed and registrationId without regard to case', () => {
    expect(latencies.zero.assigningMs(1, 'dev-1')).toBe(0);
    const { assigningMs, requestMs } = latencies.realistic;
    expect(assigningMs(1, 'Dev-1')).toBe(assigningMs(1, 'dev-1'));
    expect(assigningMs(2, 'dev-1')).not.toBe(assigningMs(1, 'dev-1'));
    expect(assigningMs(1, 'dev-1')).toBeGreaterThanOrEqual(1000);
    expect(assigningMs(1, 'dev-1')).toBeLessThan(5000);
    expect(requestMs(1, 'PUT /x')).toBeGreaterThanOrEqual(40);
  });
});
