import { describe, expect, it } from 'vitest';
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
const proof = sasProof(testToken(testId, key));
const throttled = refusedWith(429, 429001);

function createCore(quotas: Parameters<typeof createTestCore>[0]) {
  const core = createTestCore(quotas);
  const other = 'dev-02';
  core.enrollments.put(
    [testId, other].map((registrationId) => ({ registrationId, attestation: symmetricKeys(key) })),
  );
  const poll = (registrationId: string) =>
    core.service.queryOperation(
      { idScope: testScope, registrationId, proof: sasProof(testToken(registrationId, key)) },
      'none',
    );
  return { ...core, poll, other };
}

describe('quotas', () => {
  it('are off by default', () => {
    const { register, poll } = createCore({});
    for (let count = 0; count < 2000; count += 1) expect(register(proof).kind).toBe('accepted');
    for (let count = 0; count < 20; count += 1) expect(poll(testId)).toEqual(refusedWith(404, 404202));
  });

  it('limit the registrations of all devices, and say when the next is welcome', () => {
    const { register, clock } = createCore({ quotas: { registrationsPerMinute: 2 } });
    expect(register(proof).kind).toBe('accepted');
    clock.advanceMs(30_500);
    expect(register(proof).kind).toBe('accepted');
    expect(register(proof)).toEqual(throttled);
    expect(register(proof)).toMatchObject({ refusal: { retryAfterSeconds: 30 } });
    clock.advanceMs(29_500);
    expect(register(proof).kind).toBe('accepted');
  });

  it('limit the status queries of each device, apart from registrations', () => {
    const { register, poll, other, clock } = createCore({ quotas: { pollsPerTenSeconds: 5 } });
    for (let count = 0; count < 5; count += 1) expect(poll(testId)).toEqual(refusedWith(404, 404202));
    expect(poll(testId)).toEqual(throttled);
    expect(poll(testId.toUpperCase())).toEqual(throttled);
    expect(poll(other)).toEqual(refusedWith(404, 404202));
    expect(register(proof).kind).toBe('accepted');
    clock.advanceMs(10_000);
    expect(poll(testId)).toEqual(refusedWith(404, 404202));
  });
});
