import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { toBase64 } from '../kernel/bytes.ts';
import { type RunningDps, startDps } from './emulator.ts';
import { connectDpsControl } from './management-client.ts';
import { symmetricKeys } from './testing/test-core.ts';

const key = new Uint8Array(32).fill(1);
const enrollment = (registrationId: string) => ({ registrationId, attestation: symmetricKeys(key) });

describe('the management API', () => {
  let dps: RunningDps;
  beforeAll(async () => {
    dps = await startDps();
  });
  afterAll(async () => {
    await dps[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await dps.control.reset();
  });

  const call = async (method: string, path: string, body?: string) => {
    const response = await fetch(new URL(path, dps.management.url), {
      method,
      ...(body === undefined ? {} : { body }),
    });
    return { status: response.status, text: await response.text() };
  };

  it('controls the emulator from another process as from this one', async () => {
    const remote = connectDpsControl(dps.management.url);
    await remote.enroll([enrollment('a'), enrollment('b')]);
    expect(await remote.enrollments()).toEqual(await dps.control.enrollments());
    expect(await remote.enrollments()).toHaveLength(2);
    await remote.removeEnrollments(['a', 'nobody']);
    expect((await dps.control.enrollments()).map(({ id }) => id)).toEqual(['b']);
    expect(await remote.info()).toEqual(await dps.control.info());
    expect(await remote.registrations()).toEqual([]);
    expect(await remote.requests()).toEqual([]);
    await remote.reset();
    expect(await dps.control.enrollments()).toEqual([]);
  });

  it('tells a diagnosis what it compares devices with, and no key', async () => {
    const remote = connectDpsControl(dps.management.url);
    await dps.control.enroll([
      enrollment('a'),
      { enrollmentGroupId: 'group', attestation: symmetricKeys(key), provisioningStatus: 'disabled' },
    ]);
    const evidence = await remote.evidence(['a', 'nobody']);
    expect(evidence).toEqual(await dps.control.evidence(['a', 'nobody']));
    const digest = createHash('sha256').update(key).digest('hex');
    expect(evidence).toMatchObject([
      { individual: { kind: 'symmetric-key', disabled: false, keys: [digest] } },
      {
        individual: null,
        groups: [
          { enrollmentId: 'group', disabled: true, derivedKeys: [expect.stringMatching(/^[0-9a-f]{64}$/)] },
        ],
      },
    ]);
    expect(JSON.stringify(evidence)).not.toContain(toBase64(key));
  });

  it('tells a remote controller what is wrong with an enrollment', async () => {
    const remote = connectDpsControl(dps.management.url);
    const bad = { registrationId: 'a', attestation: symmetricKeys(new Uint8Array(3)) };
    await expect(remote.enroll([enrollment('b'), bad])).rejects.toMatchObject({
      name: 'DpsServiceError',
      status: 400,
      message: expect.stringContaining('attestation.symmetricKey.primaryKey') as string,
    });
    expect(await dps.control.enrollments()).toEqual([]);
  });

  it('has an unreachable or strange address as a transport error', async () => {
    await expect(connectDpsControl('http://127.0.0.1:1').registrations()).rejects.toMatchObject({
      name: 'TransportError',
      code: 'MANAGEMENT_UNREACHABLE',
    });
  });

  it.each([
    ['one object', JSON.stringify(enrollment('a')), 1],
    ['an array', JSON.stringify([enrollment('a'), enrollment('b')]), 2],
    ['an indented array', JSON.stringify([enrollment('a'), enrollment('b')], null, 2), 2],
    ['an indented object', JSON.stringify(enrollment('a'), null, 2), 1],
    ['lines', `${JSON.stringify(enrollment('a'))}\n${JSON.stringify(enrollment('b'))}\n`, 2],
    ['members of the real service', JSON.stringify({ ...enrollment('a'), etag: 'x', initialTwin: {} }), 1],
  ])('takes enrollments as %s', async (_form, body, stored) => {
    expect(await call('POST', '/enrollments', body)).toEqual({
      status: 200,
      text: JSON.stringify({ stored }),
    });
  });

  it.each([
    ['text that is no JSON', 'POST', '/enrollments', 'hello', 400, 'USAGE'],
    ['an enrollment without id', 'POST', '/enrollments', '{"attestation":{"type":"tpm"}}', 400, 'USAGE'],
    [
      'an unknown attestation',
      'POST',
      '/enrollments',
      '{"registrationId":"a","attestation":{"type":"x"}}',
      400,
      'USAGE',
    ],
    ['ids that are no text', 'DELETE', '/enrollments', '[1]', 400, 'USAGE'],
    ['an unknown path', 'GET', '/nothing', undefined, 404, 'MANAGEMENT_NO_ROUTE'],
  ])('refuses %s', async (_what, method, path, body, status, code) => {
    const answer = await call(method, path, body);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text)).toMatchObject({ code });
  });

  it('gives out the CA and says that it is well', async () => {
    expect(await call('GET', '/health')).toEqual({ status: 200, text: '{"status":"ok"}' });
    expect(await call('GET', '/ca.pem')).toEqual({ status: 200, text: dps.caPem });
  });

  it('gives no key back', async () => {
    await dps.control.enroll([enrollment('a')]);
    expect((await call('GET', '/enrollments')).text).not.toContain(toBase64(key));
  });

  it('may leave loopback only with a token, which every request then needs', async () => {
    await expect(startDps({ managementAddress: '0.0.0.0' })).rejects.toMatchObject({ code: 'USAGE' });
    await using guarded = await startDps({ managementToken: 'open sesame' });
    const { url } = guarded.management;
    await expect(connectDpsControl(url).registrations()).rejects.toMatchObject({ status: 401 });
    await expect(connectDpsControl(url, { token: 'wrong' }).reset()).rejects.toMatchObject({ status: 401 });
    expect(await connectDpsControl(url, { token: 'open sesame' }).registrations()).toEqual([]);
  });

  it.each([
    ['is asked to write by a web page', 'POST', '/reset', { Origin: 'http://pages.example' }, 403],
    ['is asked to write by a sandboxed page', 'POST', '/reset', { Origin: 'null' }, 403],
    ['is read by a name that was rebound', 'GET', '/requests', { Host: 'pages.example:9180' }, 403],
    ['is read by a name that begins like loopback', 'GET', '/requests', { Host: '127.0.0.1.example' }, 403],
    ['is read as localhost', 'GET', '/requests', { Host: 'LOCALHOST:9180' }, 200],
    ['is read as ::1', 'GET', '/requests', { Host: '[::1]:9180' }, 200],
  ])('is for programs, not for browsers: it %s', async (_what, method, path, headers, status) => {
    const asked = request(new URL(path, dps.management.url), { method, headers }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(status);
  });

  it('says which port cannot be had, and leaves nothing open', async () => {
    const port = Number(new URL(dps.management.url).port);
    await expect(startDps({ managementPort: port })).rejects.toMatchObject({
      name: 'EnvironmentError',
      cause: expect.objectContaining({ code: 'EADDRINUSE' }) as Error,
    });
    await expect(startDps({ httpsPort: dps.https.port })).rejects.toMatchObject({ name: 'EnvironmentError' });
  });

  it.each([0, 1001, 1.5])('refuses %s as the weight of a hub', async (weight) => {
    await expect(startDps({ hubWeights: { 'h.azure-devices.net': weight } })).rejects.toMatchObject({
      code: 'USAGE',
    });
  });

  it('refuses a hub without a dot, which several SDKs cannot reach', async () => {
    await expect(startDps({ hubs: ['localhost'] })).rejects.toMatchObject({ code: 'USAGE' });
  });
});
