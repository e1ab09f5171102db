import { beforeEach, describe, expect, it } from 'vitest';
import { utf8 } from '../../kernel/bytes.ts';
import { deriveGroupDeviceKey } from '../../wire/group-key.ts';
import {
  createTestCore,
  makeTpmKeys,
  noProof,
  refusedWith,
  sasProof,
  symmetricKeys,
  type TestCore,
  testHubs,
  testId,
  testScope,
  testToken,
} from '../testing/test-core.ts';

const primary = new Uint8Array(32).fill(1);
const secondary = new Uint8Array(32).fill(2);
const groupKey = utf8('the master key of the group, 32+');

const id = testId;
let core: TestCore;
beforeEach(() => {
  core = createTestCore();
});

describe('a symmetric key of an individual enrollment', () => {
  beforeEach(() => {
    core.enrollments.put([
      { registrationId: id, deviceId: 'edge-01', attestation: symmetricKeys(primary, secondary) },
    ]);
  });

  it.each([
    ['primary', primary],
    ['secondary', secondary],
  ])('is accepted when it is the %s one', (_name, key) => {
    const proof = sasProof(testToken(id, key));
    const state = core.finish(core.register(proof), proof);
    expect(state).toMatchObject({ status: 'assigned', deviceId: 'edge-01', substatus: 'initialAssignment' });
    expect(testHubs).toContain(state.assignedHub);
    expect(state).not.toHaveProperty('symmetricKey');
  });

  // How each SDK writes its token: docs/fidelity.md.
  it.each([
    ['Node and Java: raw', `${testScope}/registrations/${id}`, 'registration'],
    ['Java: an empty skn', `${testScope}/registrations/${id}`, ''],
    ['C#: upper-case hex', `${testScope}%2Fregistrations%2F${id}`, 'registration'],
    ['Python: no skn', `${testScope}%2Fregistrations%2F${id}`, undefined],
    ['C: lower-case hex', `${testScope}%2fregistrations%2f${id}`, 'registration'],
    [
      'aziot: lower-cased, slashes as they are',
      `${testScope}/registrations/${id}`.toLowerCase(),
      'registration',
    ],
    [
      'edge 1.1: lower-cased, slashes encoded',
      `${testScope}%2Fregistrations%2F${id}`.toLowerCase(),
      'registration',
    ],
  ])('is accepted in the form of %s', (_client, sr, skn) => {
    expect(core.register(sasProof(testToken(id, primary, { sr, skn }))).kind).toBe('accepted');
  });

  it('is accepted with the fields of the token in another order', () => {
    const [scheme = '', fields = ''] = testToken(id, primary).split(' ');
    const token = `${scheme} ${fields.split('&').reverse().join('&')}`;
    expect(core.register(sasProof(token)).kind).toBe('accepted');
  });

  const other = new Uint8Array(32).fill(9);
  const tampered = (token: string): string => token.replace(/se=(\d+)/, (_, se) => `se=${Number(se) + 1}`);
  it.each<readonly [string, () => string, number]>([
    ['a wrong key', () => testToken(id, other), 401000],
    ['an expired token', () => testToken(id, primary, { expiresInSeconds: -1 }), 401000],
    ['a token of another device', () => testToken('dev-02', primary), 401000],
    [
      'a token for a part of its resource',
      () => testToken(id, primary, { sr: `${testScope}/registrations` }),
      401000,
    ],
    [
      'a token of another scope',
      () => testToken(id, primary, { sr: `0ne00000000/registrations/${id}` }),
      401000,
    ],
    ['a token with a later expiry than it was signed for', () => tampered(testToken(id, primary)), 401000],
    ['a token without signature', () => testToken(id, primary).replace(/&sig=[^&]*/, ''), 401000],
    ['a token with a field twice', () => `${testToken(id, primary)}&se=9999999999`, 401000],
    ['a token by a key of the service API', () => testToken(id, primary, { skn: 'iothubowner' }), 401000],
    ['a token that is no token', () => 'hello', 401000],
  ])('refuses %s', (_what, token, errorCode) => {
    expect(core.register(sasProof(token()))).toEqual(refusedWith(401, errorCode));
    expect(core.registry.records()).toEqual([]);
  });

  it('refuses a token as soon as it expires, also for status queries', () => {
    const proof = sasProof(testToken(id, primary, { expiresInSeconds: 30 }));
    const answer = core.register(proof);
    core.clock.advanceMs(31_000);
    if (answer.kind !== 'accepted') throw new Error('not accepted');
    const device = { idScope: testScope, registrationId: id, proof };
    expect(core.service.queryOperation(device, answer.operation.operationId)).toEqual(
      refusedWith(401, 401000),
    );
    expect(core.register(proof)).toEqual(refusedWith(401, 401000));
  });

  it('refuses a wrong scope, an unknown id and no proof', () => {
    expect(core.register(sasProof(testToken(id, primary)), { idScope: '0ne00000000' })).toEqual(
      refusedWith(401, 401002),
    );
    const unknown = { registrationId: 'nobody' };
    expect(core.register(sasProof(testToken('nobody', primary)), unknown)).toEqual(refusedWith(401, 401002));
    expect(core.register(noProof)).toEqual(refusedWith(401, 401002));
  });

  it('ends as disabled when the enrollment is', () => {
    core.enrollments.put([
      { registrationId: id, attestation: symmetricKeys(primary), provisioningStatus: 'disabled' },
    ]);
    const proof = sasProof(testToken(id, primary));
    expect(core.finish(core.register(proof), proof)).toMatchObject({
      status: 'disabled',
      errorCode: expect.any(Number) as number,
      errorMessage: expect.any(String) as string,
    });
    expect(core.register(sasProof(testToken(id, other)))).toEqual(refusedWith(401, 401000));
  });
});

describe('a symmetric key of a group', () => {
  beforeEach(() => {
    const filler = Array.from({ length: 50 }, (_, index) => ({
      enrollmentGroupId: `other-${index}`,
      attestation: symmetricKeys(utf8(`key of the other group number ${index}`.padEnd(40))),
    }));
    core.enrollments.put([
      ...filler,
      { enrollmentGroupId: 'fleet', attestation: symmetricKeys(primary, groupKey) },
    ]);
  });

  it('selects its group when it is derived from one of the group keys', () => {
    for (const key of [primary, groupKey]) {
      const proof = sasProof(testToken(id, deriveGroupDeviceKey(key, id)));
      expect(core.finish(core.register(proof), proof)).toMatchObject({
        status: 'assigned',
        deviceId: id,
        symmetricKey: { enrollmentGroupId: 'fleet' },
      });
    }
  });

  it('is derived from the id exactly as sent', () => {
    const key = deriveGroupDeviceKey(groupKey, 'Dev-01');
    expect(core.register(sasProof(testToken('Dev-01', key)), { registrationId: 'Dev-01' }).kind).toBe(
      'accepted',
    );
    expect(core.register(sasProof(testToken('dev-01', key)))).toEqual(refusedWith(401, 401002));
  });

  it('is refused when it is the group key itself, or derived for another id', () => {
    expect(core.register(sasProof(testToken(id, groupKey)))).toEqual(refusedWith(401, 401002));
    const key = deriveGroupDeviceKey(groupKey, 'dev-02');
    expect(core.register(sasProof(testToken(id, key)))).toEqual(refusedWith(401, 401002));
  });

  it('is refused once its group is gone, though it was accepted before', () => {
    const proof = sasProof(testToken(id, deriveGroupDeviceKey(groupKey, id)));
    expect(core.register(proof).kind).toBe('accepted');
    core.enrollments.remove('fleet');
    expect(core.register(proof)).toEqual(refusedWith(401, 401002));
  });

  it('ends as disabled when its group is, or when a disabled individual enrollment of any kind has its id', () => {
    const proof = sasProof(testToken(id, deriveGroupDeviceKey(groupKey, id)));
    core.enrollments.put([
      { enrollmentGroupId: 'fleet', attestation: symmetricKeys(groupKey), provisioningStatus: 'disabled' },
    ]);
    expect(core.finish(core.register(proof), proof).status).toBe('disabled');
    core.enrollments.put([
      { enrollmentGroupId: 'fleet', attestation: symmetricKeys(groupKey) },
      {
        registrationId: id,
        attestation: { type: 'tpm', tpm: { endorsementKey: makeTpmKeys().endorsementKey } },
        provisioningStatus: 'disabled',
      },
    ]);
    expect(core.finish(core.register(proof), proof).status).toBe('disabled');
    expect(core.register(sasProof(testToken(id, primary)))).toEqual(refusedWith(401, 401002));
  });

  it('does not help against an individual enrollment of that id', () => {
    core.enrollments.put([{ registrationId: id, attestation: symmetricKeys(secondary) }]);
    const proof = sasProof(testToken(id, deriveGroupDeviceKey(groupKey, id)));
    expect(core.register(proof)).toEqual(refusedWith(401, 401000));
  });
});
