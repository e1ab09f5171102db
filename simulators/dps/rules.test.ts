import { describe, expect, it } from 'vitest';
import { createTestPki } from '../pki/test-pki.ts';
import { changedRules, type DpsRules, defaultRules, resolveRules, ruleNames, ruleTable } from './rules.ts';
import {
  certificateProof,
  createTestCore,
  noProof,
  refusedWith,
  sasProof,
  symmetricKeys,
  testId,
  testScope,
  testToken,
} from './testing/test-core.ts';

const key = new Uint8Array(32).fill(1);
const proof = sasProof(testToken(testId, key));

function createCore(rules: Partial<DpsRules>, options: { assigningDurationMs?: number } = {}) {
  const core = createTestCore({ rules, ...options });
  const enroll = (more: object = {}): void =>
    core.enrollments.put([{ registrationId: testId, attestation: symmetricKeys(key), ...more }]);
  enroll();
  return { ...core, enroll };
}

describe('resolveRules', () => {
  it('takes the first variant of each rule unless told otherwise', () => {
    expect(resolveRules()).toEqual(defaultRules);
    expect(resolveRules({ 'wrong-scope': '404000' })).toEqual({ ...defaultRules, 'wrong-scope': '404000' });
  });

  it.each([
    ['no-such-rule', 'x'],
    ['wrong-scope', '418'],
    ['wrong-scope', ''],
    ['toString', 'x'],
  ])('refuses %s=%s', (name, value) => {
    const refusal = expect.objectContaining({ code: 'USAGE' }) as Error;
    expect(() => resolveRules({ [name]: value })).toThrow(refusal);
  });

  it('tells what differs from the defaults', () => {
    expect(changedRules(defaultRules)).toEqual({});
    expect(changedRules(resolveRules({ 'first-answer': 'with-state' }))).toEqual({
      'first-answer': 'with-state',
    });
  });
});

describe('ruleTable', () => {
  it.each(ruleNames)('gives %s at least two variants that differ', (name) => {
    const values: readonly string[] = ruleTable[name].variants.map(({ value }) => value);
    expect(values.length).toBeGreaterThan(1);
    expect(new Set(values).size).toBe(values.length);
  });
});

describe('the rule', () => {
  it.each([
    ['any-case', ['Dev.01', '-dev', 'dev-'], ['dev.']],
    ['strict-ends', ['Dev.01', 'dev-01'], ['-dev', 'dev-', '.dev']],
    ['lower-case', ['dev-01', 'dev-'], ['Dev-01', 'dev.01', 'dev_1']],
  ] as const)('registration-id=%s says which ids are allowed', (variant, allowed, refused) => {
    const { register } = createCore({ 'registration-id': variant });
    for (const registrationId of allowed) {
      expect(register(noProof, { registrationId })).toEqual(refusedWith(401, 401002));
    }
    for (const registrationId of refused) {
      expect(register(noProof, { registrationId })).toEqual(refusedWith(400, 400004));
    }
  });

  it('malformed-id gives the refusal its number', () => {
    const { register } = createCore({ 'malformed-id': '400202' });
    expect(register(noProof, { registrationId: 'dev.' })).toEqual(refusedWith(400, 400202));
  });

  it('wrong-scope gives the refusal its status', () => {
    const { register } = createCore({ 'wrong-scope': '404000' });
    expect(register(proof, { idScope: '0neFFFFFFFF' })).toEqual(refusedWith(404, 404000));
  });

  it.each([
    ['401002', 401],
    ['401000', 401],
    ['404201', 404],
  ] as const)('unknown-symmetric-key=%s is what an unknown device meets', (variant, status) => {
    const { register } = createCore({ 'unknown-symmetric-key': variant });
    const registrationId = 'nobody';
    expect(register(sasProof(testToken(registrationId, key)), { registrationId })).toEqual(
      refusedWith(status, Number(variant)),
    );
  });

  it('clock-tolerance takes a token for five minutes more', () => {
    const { register, clock } = createCore({ 'clock-tolerance': '5-minutes' });
    const token = sasProof(testToken(testId, key, { expiresInSeconds: 10 }));
    clock.advanceMs(300_000);
    expect(register(token).kind).toBe('accepted');
    clock.advanceMs(11_000);
    expect(register(token)).toEqual(refusedWith(401, 401000));
  });

  it.each([
    ['refused', 'refused'],
    ['taken', 'running'],
  ] as const)('expired-token-while-assigning=%s decides on the status query only', (variant, kind) => {
    const rules = { 'expired-token-while-assigning': variant };
    const { register, service, clock } = createCore(rules, { assigningDurationMs: 60_000 });
    const token = sasProof(testToken(testId, key, { expiresInSeconds: 30 }));
    const accepted = register(token);
    if (accepted.kind !== 'accepted') throw new Error(accepted.kind);
    clock.advanceMs(31_000);
    const device = { idScope: testScope, registrationId: testId, proof: token };
    expect(service.queryOperation(device, accepted.operation.operationId).kind).toBe(kind);
    expect(register(token)).toEqual(refusedWith(401, 401000));
  });

  it.each([
    ['checked', 'refused'],
    ['ignored', 'accepted'],
  ] as const)('individual-certificate-dates=%s decides on an expired certificate', async (variant, kind) => {
    const { register, enrollments, clock } = createCore({ 'individual-certificate-dates': variant });
    const pki = await createTestPki();
    const { chainPem, certificatePem } = await pki.issueDeviceCertificate({ commonName: testId });
    const x509 = { clientCertificates: { primary: { certificate: certificatePem } } };
    enrollments.put([{ registrationId: testId, attestation: { type: 'x509', x509 } }]);
    clock.advanceMs(100 * 365 * 86_400_000);
    expect(register(certificateProof(chainPem)).kind).toBe(kind);
  });

  it('first-answer=with-state shows the state at once', () => {
    expect(createCore({}).register(proof)).not.toHaveProperty('operation.registrationState');
    expect(createCore({ 'first-answer': 'with-state' }).register(proof)).toMatchObject({
      operation: { registrationState: { registrationId: testId, status: 'assigning' } },
    });
  });

  it('concurrent-registration=409203 refuses a second operation until the first has ended', () => {
    const rules = { 'concurrent-registration': '409203' } as const;
    const { register, clock } = createCore(rules, { assigningDurationMs: 1000 });
    expect(register(proof).kind).toBe('accepted');
    expect(register(proof)).toEqual(refusedWith(409, 409203));
    clock.advanceMs(1000);
    expect(register(proof).kind).toBe('accepted');
  });

  it.each(['404202', '404203'] as const)('unknown-operation=%s is its number', (variant) => {
    const { service } = createCore({ 'unknown-operation': variant });
    const device = { idScope: testScope, registrationId: testId, proof };
    expect(service.queryOperation(device, 'none')).toEqual(refusedWith(404, Number(variant)));
  });

  it.each([
    ['by-api-version', 'hub-1.azure-devices.net'],
    ['moved', 'hub-2.azure-devices.net'],
  ] as const)('no-reprovision-policy=%s decides on clients of old', (variant, assignedHub) => {
    const { register, finish, enroll } = createCore({ 'no-reprovision-policy': variant });
    const old = { apiVersion: '2018-04-01' };
    enroll({ iotHubHostName: 'hub-1.azure-devices.net' });
    finish(register(proof, old), proof);
    enroll({ iotHubHostName: 'hub-2.azure-devices.net' });
    expect(finish(register(proof, old), proof)).toMatchObject({ assignedHub });
  });

  it.each([
    ['unchanged', 'initialAssignment'],
    ['deviceDataReset', 'deviceDataReset'],
  ] as const)('reset-on-same-hub=%s is the substatus', (variant, substatus) => {
    const { register, finish, enroll } = createCore({ 'reset-on-same-hub': variant });
    enroll({ reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: false } });
    finish(register(proof), proof);
    expect(finish(register(proof), proof)).toMatchObject({ substatus });
  });

  it.each([
    ['after-deletion', 'pump-1'],
    ['at-once', 'pump-2'],
  ] as const)('edited-device-id=%s decides when it counts', (variant, deviceId) => {
    const { register, finish, enroll } = createCore({ 'edited-device-id': variant });
    enroll({ deviceId: 'pump-1' });
    finish(register(proof), proof);
    enroll({ deviceId: 'pump-2' });
    expect(finish(register(proof), proof)).toMatchObject({ deviceId });
  });

  it('throttled-retry-after=absent leaves it to the client', () => {
    const rules = { 'throttled-retry-after': 'absent' } as const;
    const core = createTestCore({ rules, quotas: { registrationsPerMinute: 0 } });
    expect(core.register(proof)).not.toHaveProperty('refusal.retryAfterSeconds');
  });
});
