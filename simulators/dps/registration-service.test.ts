import { beforeEach, describe, expect, it } from 'vitest';
import {
  createTestCore,
  refusedWith,
  sasProof,
  symmetricKeys,
  type TestCore,
  testId,
  testScope,
  testToken,
} from './testing/test-core.ts';

const primary = new Uint8Array(32).fill(1);

const id = testId;
let core: TestCore;
beforeEach(() => {
  core = createTestCore();
});

describe('a registration', () => {
  beforeEach(() => {
    core.enrollments.put([{ registrationId: id, attestation: symmetricKeys(primary) }]);
  });

  it('refuses ids that DPS refuses', () => {
    for (const registrationId of ['a/b', 'a b', 'a.', '', 'x'.repeat(129)]) {
      const answer = core.register(sasProof(testToken(registrationId, primary)), { registrationId });
      expect(answer).toEqual(refusedWith(400, 400004));
    }
  });

  it('compares ids without regard to case', () => {
    const proof = sasProof(testToken('DEV-01', primary));
    expect(
      core.finish(core.register(proof, { registrationId: 'DEV-01' }), proof, 'DEV-01').registrationId,
    ).toBe('DEV-01');
    expect(core.registry.records()).toHaveLength(1);
  });

  it('ends as failed when no linked hub fits', () => {
    core.enrollments.put([
      { registrationId: id, attestation: symmetricKeys(primary), iotHubs: ['elsewhere.azure-devices.net'] },
    ]);
    const proof = sasProof(testToken(id, primary));
    expect(core.finish(core.register(proof), proof)).toMatchObject({ status: 'failed', errorCode: 400208 });
  });

  it('finds the operation before the last, as a device that lost an answer asks for it', () => {
    const proof = sasProof(testToken(id, primary));
    const first = core.register(proof);
    core.register(proof);
    expect(core.finish(first, proof).status).toBe('assigned');
  });

  it('shows no operation to another device', () => {
    core.enrollments.put([{ registrationId: 'dev-02', attestation: symmetricKeys(primary) }]);
    const answer = core.register(sasProof(testToken(id, primary)));
    if (answer.kind !== 'accepted') throw new Error('not accepted');
    const thief = {
      idScope: testScope,
      registrationId: 'dev-02',
      proof: sasProof(testToken('dev-02', primary)),
    };
    expect(core.service.queryOperation(thief, answer.operation.operationId)).toEqual(
      refusedWith(404, 404202),
    );
  });

  it('stays assigning for as long as it is told to', () => {
    core = createTestCore({ assigningDurationMs: 5_000 });
    core.enrollments.put([{ registrationId: id, attestation: symmetricKeys(primary) }]);
    const proof = sasProof(testToken(id, primary));
    const answer = core.register(proof);
    if (answer.kind !== 'accepted') throw new Error('not accepted');
    const query = () =>
      core.service.queryOperation(
        { idScope: testScope, registrationId: id, proof },
        answer.operation.operationId,
      );
    expect(query()).toMatchObject({
      kind: 'running',
      operation: { status: 'assigning', registrationState: { registrationId: id, status: 'assigning' } },
    });
    core.clock.advanceMs(5_000);
    expect(query()).toMatchObject({ kind: 'finished', operation: { status: 'assigned' } });
  });
});
