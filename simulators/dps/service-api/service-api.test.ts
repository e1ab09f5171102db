import { beforeEach, describe, expect, it } from 'vitest';
import { createTestPki } from '../../pki/test-pki.ts';
import { deriveGroupDeviceKey } from '../../wire/group-key.ts';
import { formatSasToken, signSas } from '../../wire/sas-token.ts';
import { createQuotas } from '../quotas.ts';
import { type DpsRules, resolveRules } from '../rules.ts';
import { createTestCore, sasProof, symmetricKeys, type TestCore, testToken } from '../testing/test-core.ts';
import { createServiceApi, type ServiceAnswer } from './service-api.ts';
import { OWNER_POLICY_NAME, serviceRights } from './service-policy.ts';

const key = new Uint8Array(32).fill(1);
const deviceKey = new Uint8Array(32).fill(2);
const host = 'my-dps.azure-devices-provisioning.net';

describe('the service API', () => {
  let core: TestCore;
  let call: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => ServiceAnswer;

  const start = (chosen: Partial<DpsRules> = {}): void => {
    const rules = resolveRules(chosen);
    core = createTestCore({ rules });
    const { clock, enrollments, registry } = core;
    const policies = [{ name: OWNER_POLICY_NAME, key, rights: serviceRights }];
    const quotas = createQuotas({}, clock);
    const api = createServiceApi({ policies, rules, clock, enrollments, registry, quotas });
    const expirySeconds = Math.floor(clock.nowMs() / 1000) + 3600;
    const signature = signSas(key, host, expirySeconds);
    const authorization = formatSasToken({ sr: host, signature, expirySeconds, skn: OWNER_POLICY_NAME });
    const common = { authorization, host, 'content-type': 'application/json; charset=utf-8' };
    call = (method, path, body, headers = {}) =>
      api({
        method,
        target: `${path}?api-version=2021-10-01`,
        header: (name) => ({ ...common, ...headers })[name],
        body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
      });
  };
  beforeEach(() => start());

  const symmetric = (registrationId: string, more: object = {}) => ({
    registrationId,
    attestation: { type: 'symmetricKey' },
    ...more,
  });
  /** A body with its members, for tests that look into it. */
  const bodyOf = (answer: ServiceAnswer) => {
    if ('refusal' in answer) throw new Error(answer.refusal.reason);
    return answer.body as Record<string, unknown> & { readonly etag: string };
  };
  const refused = (status: number, errorCode: number) => ({ refusal: { status, errorCode } });

  it('gives back what it was given', () => {
    const given = {
      deviceId: 'pump',
      provisioningStatus: 'disabled',
      capabilities: { iotEdge: true },
      iotHubs: ['hub-1.azure-devices.net'],
      allocationPolicy: 'custom',
      customAllocationDefinition: { webhookUrl: 'https://web.hook', apiVersion: '2021-10-01' },
      reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: false },
      initialTwin: { tags: { empty: null }, properties: { desired: { speed: 3 } } },
      optionalDeviceInformation: { colour: 'red' },
    };
    expect(bodyOf(call('PUT', '/enrollments/dev-1', symmetric('dev-1', given)))).toMatchObject(given);
    expect(bodyOf(call('GET', '/enrollments/DEV-1'))).toMatchObject({ registrationId: 'dev-1', ...given });
  });

  it('takes null for absent, and passes over what it makes itself', () => {
    const nulls = {
      deviceId: null,
      iotHubs: null,
      initialTwin: null,
      createdDateTimeUtc: null,
      etag: 'mine',
    };
    const created = bodyOf(call('PUT', '/enrollments/dev-1', symmetric('dev-1', nulls)));
    expect(created).not.toHaveProperty('deviceId');
    expect(created.etag).not.toBe('mine');
    expect(created).not.toHaveProperty('registrationState');
  });

  it('keeps the keys of an enrollment that is updated without them', () => {
    const created = bodyOf(call('PUT', '/enrollments/dev-1', symmetric('dev-1')));
    core.clock.advanceMs(1000);
    const updated = bodyOf(call('PUT', '/enrollments/dev-1', symmetric('dev-1'), { 'if-match': '*' }));
    expect(updated['attestation']).toEqual(created['attestation']);
    expect(updated['createdDateTimeUtc']).toBe(created['createdDateTimeUtc']);
    expect(updated['lastUpdatedDateTimeUtc']).not.toBe(created['lastUpdatedDateTimeUtc']);
  });

  it('shows certificates as info, keeps those that come back that way, and drops one that is null', async () => {
    const pki = await createTestPki({ name: 'service api' });
    const issued = await pki.issueDeviceCertificate({ commonName: 'dev-1', issuer: 'self' });
    const certificate = Buffer.from(issued.certificatePem).toString('base64');
    const x509 = (clientCertificates: object) => ({
      registrationId: 'dev-1',
      attestation: { type: 'x509', x509: { clientCertificates } },
    });
    const both = x509({ primary: { certificate }, secondary: { certificate } });
    const created = bodyOf(call('PUT', '/enrollments/dev-1', both));
    expect(created).toMatchObject({
      attestation: { x509: { clientCertificates: { primary: { info: { subjectName: 'CN=dev-1' } } } } },
    });
    expect(JSON.stringify(created)).not.toContain('certificate"');
    const primaryNull = structuredClone(created) as unknown as {
      attestation: { x509: { clientCertificates: { primary: unknown } } };
    };
    primaryNull.attestation.x509.clientCertificates.primary = null;
    const updated = bodyOf(call('PUT', '/enrollments/dev-1', primaryNull, { 'if-match': created.etag }));
    expect(updated).toMatchObject({
      attestation: { x509: { clientCertificates: { primary: null, secondary: { info: { version: 3 } } } } },
    });
  });

  it.each([
    ['an id unlike the path’s', symmetric('dev-2'), 400004],
    ['an id that DPS does not allow', symmetric('dev-1', { registrationId: 7 }), 400006],
    ['no attestation', { registrationId: 'dev-1' }, 400006],
    ['the attestation none', { registrationId: 'dev-1', attestation: { type: 'none' } }, 400006],
    [
      'a key that is too short',
      { registrationId: 'dev-1', attestation: symmetricKeys(new Uint8Array(15)) },
      400004,
    ],
    ['a list', [], 400006],
  ])('refuses %s', (_what, body, errorCode) => {
    expect(call('PUT', '/enrollments/dev-1', body)).toMatchObject(refused(400, errorCode));
    expect(core.enrollments.list()).toEqual([]);
  });

  it('refuses a body that is not JSON, by its type or its text', () => {
    const put = (type: string) =>
      call('PUT', '/enrollments/dev-1', symmetric('dev-1'), { 'content-type': type });
    expect(put('text/plain')).toMatchObject(refused(415, 415000));
    expect(call('PUT', '/enrollments/dev-1')).toMatchObject(refused(400, 400006));
  });

  it('answers 404 to an update of what does not exist, whatever the etag', () => {
    for (const etag of ['*', '"abc"']) {
      const answer = call('PUT', '/enrollments/dev-1', symmetric('dev-1'), { 'if-match': etag });
      expect(answer).toMatchObject(refused(404, 404201));
    }
  });

  it('pages through groups in the order of their creation, also when one is updated in between', () => {
    const group = (id: string) => ({ enrollmentGroupId: id, attestation: { type: 'symmetricKey' } });
    for (const id of ['a', 'b', 'c']) call('PUT', `/enrollmentGroups/${id}`, group(id));
    const page = (headers: Record<string, string>) =>
      call('POST', '/enrollmentGroups/query', { query: 'select * from ENROLLMENTGROUPS' }, headers);
    const first = page({ 'x-ms-max-item-count': '2' });
    expect(first).toMatchObject({ body: [{ enrollmentGroupId: 'a' }, { enrollmentGroupId: 'b' }] });
    call('PUT', '/enrollmentGroups/a', group('a'), { 'if-match': '*' });
    const { headers = {} } = first as { headers?: Record<string, string> };
    const last = page({ 'x-ms-continuation': headers['x-ms-continuation'] ?? '' });
    expect(last).toMatchObject({
      body: [{ enrollmentGroupId: 'c' }],
      headers: { 'x-ms-item-type': 'EnrollmentGroup' },
    });
    expect((last as { headers: object }).headers).not.toHaveProperty('x-ms-continuation');
  });

  it.each([
    ['a condition', { query: "SELECT * FROM enrollments WHERE deviceId = 'a'" }, {}],
    ['another collection', { query: 'SELECT * FROM enrollmentGroups' }, {}],
    ['a page of none', { query: '*' }, { 'x-ms-max-item-count': '0' }],
    ['a token of somebody else', { query: '*' }, { 'x-ms-continuation': 'abc' }],
  ])('refuses a query with %s', (_what, body, headers) => {
    expect(call('POST', '/enrollments/query', body, headers)).toMatchObject(refused(400, 400004));
  });

  it('runs bulk updates and deletions item by item, by etag when asked to', () => {
    const { etag } = bodyOf(call('PUT', '/enrollments/a', symmetric('a')));
    const bulk = (mode: string, ...enrollments: object[]) =>
      call('POST', '/enrollments/', { mode, enrollments });
    const disabled = { provisioningStatus: 'disabled' };
    const stale = bulk('updateIfMatchEtag', symmetric('a', { ...disabled, etag: '"stale"' }));
    expect(stale).toMatchObject({ body: { isSuccessful: false, errors: [{ errorCode: 412001 }] } });
    const right = bulk('updateIfMatchETag', symmetric('a', { ...disabled, etag }));
    expect(right).toMatchObject({ status: 200, body: { isSuccessful: true, errors: [] } });
    expect(core.enrollments.individual('a')?.enrollment.provisioningStatus).toBe('disabled');
    const deleted = bulk('delete', { registrationId: 'a' }, { registrationId: 'b' });
    expect(deleted).toMatchObject({ body: { errors: [{ registrationId: 'b', errorCode: 404201 }] } });
    expect(bulk('update', symmetric('a'), symmetric('A'))).toMatchObject(refused(400, 400206));
    expect(bulk('constructor', symmetric('a'))).toMatchObject(refused(400, 400004));
    expect(bulk('create')).toMatchObject(refused(400, 400006));
    expect(core.enrollments.list()).toEqual([]);
  });

  it('shows what became of a device, by itself, in its enrollment and in a query of its group', () => {
    const attestation = symmetricKeys(deviceKey);
    call('PUT', '/enrollments/dev-01', { registrationId: 'dev-01', attestation });
    const proof = sasProof(testToken('dev-01', deviceKey));
    core.register(proof);
    const state = bodyOf(call('GET', '/registrations/dev-01'));
    expect(state).toMatchObject({ status: 'assigned', deviceId: 'dev-01', substatus: 'initialAssignment' });
    expect(bodyOf(call('GET', '/enrollments/dev-01'))).toMatchObject({ registrationState: state });
    expect(call('DELETE', '/registrations/dev-01', undefined, { 'if-match': '"stale"' })).toMatchObject(
      refused(412, 412001),
    );
    const { etag } = state;
    expect(call('DELETE', '/registrations/dev-01', undefined, { 'if-match': etag })).toEqual({ status: 204 });
    expect(call('GET', '/registrations/dev-01')).toMatchObject(refused(404, 404202));
    expect(call('POST', '/registrations/fleet/query')).toMatchObject(refused(404, 404204));
    call('PUT', '/enrollmentGroups/fleet', { enrollmentGroupId: 'fleet', attestation });
    expect(call('POST', '/registrations/fleet/query')).toMatchObject({
      body: [],
      headers: { 'x-ms-item-type': 'DeviceRegistration' },
    });
    const derived = deriveGroupDeviceKey(deviceKey, 'dev-02');
    core.register(sasProof(testToken('dev-02', derived)), { registrationId: 'dev-02' });
    expect(call('POST', '/registrations/FLEET/query', { query: '*' })).toMatchObject({
      body: [{ registrationId: 'dev-02', status: 'assigned' }],
    });
  });

  it.each([
    ['404', 404, 404201],
    ['412', 412, 412001],
  ] as const)('answers by the rule if-match-unknown-id=%s', (variant, status, errorCode) => {
    start({ 'if-match-unknown-id': variant });
    const answer = call('PUT', '/enrollments/dev-1', symmetric('dev-1'), { 'if-match': '*' });
    expect(answer).toMatchObject(refused(status, errorCode));
  });

  it.each([
    ['keys-stay', true],
    ['new-keys', false],
  ] as const)('treats an update without keys by the rule put-without-keys=%s', (variant, stays) => {
    start({ 'put-without-keys': variant });
    const before = bodyOf(call('PUT', '/enrollments/dev-1', symmetric('dev-1')));
    const after = bodyOf(call('PUT', '/enrollments/dev-1', symmetric('dev-1'), { 'if-match': '*' }));
    expect(JSON.stringify(after['attestation']) === JSON.stringify(before['attestation'])).toBe(stays);
  });

  it.each([
    ['record-stays', { status: 200 }],
    ['record-deleted', { refusal: { status: 404, errorCode: 404202 } }],
  ] as const)('deletes an enrollment by the rule deleted-enrollment=%s', (variant, expected) => {
    start({ 'deleted-enrollment': variant });
    core.enrollments.put([{ registrationId: 'dev-1', attestation: symmetricKeys(deviceKey) }]);
    core.register(sasProof(testToken('dev-1', deviceKey)), { registrationId: 'dev-1' });
    expect(call('DELETE', '/enrollments/dev-1')).toMatchObject({ status: 204 });
    expect(call('GET', '/registrations/dev-1')).toMatchObject(expected);
  });

  it('deletes a registration only in the version that If-Match names', () => {
    core.enrollments.put([{ registrationId: 'dev-1', attestation: symmetricKeys(deviceKey) }]);
    core.register(sasProof(testToken('dev-1', deviceKey)), { registrationId: 'dev-1' });
    const { etag } = bodyOf(call('GET', '/registrations/dev-1'));
    const remove = (ifMatch: string) =>
      call('DELETE', '/registrations/dev-1', undefined, { 'if-match': ifMatch });
    expect(remove('"another"')).toMatchObject(refused(412, 412001));
    expect(remove(etag)).toMatchObject({ status: 204 });
    expect(remove('*')).toMatchObject(refused(404, 404202));
  });

  it('holds ids to the rule in force', () => {
    start({ 'registration-id': 'lower-case', 'malformed-id': '400202' });
    expect(call('PUT', '/enrollments/Dev-1', symmetric('Dev-1'))).toMatchObject(refused(400, 400202));
    expect(call('PUT', '/enrollments/dev-1', symmetric('dev-1'))).toMatchObject({ status: 200 });
  });
});
