import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RunningDps, startDps } from '../../simulators/index.ts';
import { toBase64 } from '../../simulators/kernel/bytes.ts';
import { deviceToken } from '../support/device-tokens.ts';
import { openRaw, requestText, sendOnce } from '../support/raw-https.ts';

const key = new Uint8Array(32).fill(7);
const registrationId = 'dev-01';
const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/;

describe('the device API over HTTPS', () => {
  let dps: RunningDps;
  let base: string;
  let registerPath: string;
  let token: string;

  beforeAll(async () => {
    dps = await startDps({ retryAfterSeconds: 3 });
    base = `/${dps.idScope}/registrations/${registrationId}`;
    registerPath = `${base}/register?api-version=2021-06-01`;
    token = deviceToken({ idScope: dps.idScope, registrationId, key });
  });
  afterAll(async () => {
    await dps[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await dps.control.reset();
    await dps.control.enroll([
      {
        registrationId,
        attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: toBase64(key) } },
      },
    ]);
  });

  const register = (headers: Record<string, string> = {}, body = JSON.stringify({ registrationId })) =>
    requestText('PUT', registerPath, { body, headers: { Authorization: token, ...headers } });

  it('answers register and the status query with the members and headers of the service', async () => {
    await using connection = await openRaw(dps);
    const accepted = await connection.send(register());
    expect(accepted.status).toBe(202);
    expect(Object.keys(accepted.json)).toEqual(['operationId', 'status']);
    expect(accepted.json['status']).toBe('assigning');
    const operationId = String(accepted.json['operationId']);
    expect(operationId).toMatch(/^\d\.[0-9a-f]{16}\.[0-9a-f-]{36}$/);
    expect(accepted.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(accepted.headers.get('transfer-encoding')).toBe('chunked');
    expect(accepted.headers.get('retry-after')).toBe('3');
    expect(accepted.headers.get('location')).toBe(
      `https://global.azure-devices-provisioning.net${registerPath}`,
    );
    expect(accepted.headers.get('x-ms-request-id')).toMatch(guid);
    expect(accepted.headers.get('strict-transport-security')).toBe('max-age=31536000; includeSubDomains');

    const operationPath = `${base}/operations/${operationId}?api-version=2021-06-01`;
    const done = await connection.send(
      requestText('GET', operationPath, { headers: { Authorization: token } }),
    );
    expect(done.status).toBe(200);
    expect(done.headers.has('retry-after')).toBe(false);
    const state = done.json['registrationState'] as Record<string, unknown>;
    expect(done.json).toMatchObject({ operationId, status: 'assigned' });
    expect(state).toMatchObject({
      registrationId,
      deviceId: registrationId,
      status: 'assigned',
      substatus: 'initialAssignment',
    });
    expect(dps.hubs).toContain(state['assignedHub']);
    expect(state['createdDateTimeUtc']).toMatch(time);
    expect(state['lastUpdatedDateTimeUtc']).toMatch(time);
    const etag = Buffer.from(String(state['etag']), 'base64').toString();
    expect(etag).toMatch(/^"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"$/);

    const lookup = requestText('POST', `${base}?api-version=2021-06-01`, {
      body: '{}',
      headers: { Authorization: token },
    });
    const found = await connection.send(lookup);
    expect(found.status).toBe(200);
    expect(found.json).toEqual(state);
  });

  it('keeps answering 202 with a state while it assigns', async () => {
    await using slow = await startDps({ assigningDurationMs: 3_600_000, retryAfterSeconds: 2 });
    await slow.control.enroll([
      {
        registrationId,
        attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: toBase64(key) } },
      },
    ]);
    await using connection = await openRaw(slow);
    const accepted = await connection.send(register());
    const path = `${base}/operations/${String(accepted.json['operationId'])}?api-version=2019-03-31`;
    const running = await connection.send(requestText('GET', path, { headers: { Authorization: token } }));
    expect(running.status).toBe(202);
    expect(running.headers.get('retry-after')).toBe('2');
    expect(running.json).toMatchObject({
      status: 'assigning',
      registrationState: { registrationId, status: 'assigning' },
    });
    expect(await slow.control.registrations()).toMatchObject([{ status: 'assigning', timesAssigned: 0 }]);
  });

  it('calls the state registrationStatus for the first preview', async () => {
    await using connection = await openRaw(dps);
    const accepted = await connection.send(register());
    const path = `${base}/operations/${String(accepted.json['operationId'])}?api-version=2017-08-31-preview`;
    const done = await connection.send(requestText('GET', path, { headers: { Authorization: token } }));
    expect(done.json).toMatchObject({ registrationStatus: { registrationId, status: 'assigned' } });
    expect(done.json).not.toHaveProperty('registrationState');
  });

  it.each([
    '2017-11-15',
    '2018-09-01-preview',
    '2018-11-01',
    '2019-03-31',
    '2019-04-15',
    '2021-06-01',
    '2021-10-01',
    '2025-07-01-preview',
  ])('takes api-version %s', async (version) => {
    const request = register().replace('2021-06-01', version);
    expect((await sendOnce(dps, request)).status).toBe(202);
  });

  it.each([
    {
      what: 'Node: a JSON body on GET',
      headers: { 'Content-Type': 'application/json; charset=utf-8' },
      body: '{}',
    },
    {
      what: 'C: a content type without a body',
      headers: { 'Content-Type': 'application/json', UserAgent: 'x' },
    },
    { what: 'aziot: nothing but the token', headers: {} },
  ])('takes the status query of $what', async ({ headers, body }) => {
    await using connection = await openRaw(dps);
    const accepted = await connection.send(register());
    const path = `${base}/operations/${String(accepted.json['operationId'])}?api-version=2019-03-31`;
    const request = requestText('GET', path, {
      headers: { ...headers, authorization: token },
      ...(body === undefined ? {} : { body }),
    });
    expect((await connection.send(request)).status).toBe(200);
  });

  it('decodes the parts of the path', async () => {
    const path = registerPath.replace('dev-01', 'dev%2D01').replace(dps.idScope, dps.idScope.toUpperCase());
    const body = JSON.stringify({ registrationId });
    const request = requestText('PUT', path, { body, headers: { Authorization: token } });
    expect((await sendOnce(dps, request)).status).toBe(202);
  });

  const refused: readonly (readonly [string, () => string, number, number])[] = [
    ['malformed JSON', () => register({}, '{"registrationId":'), 400, 400006],
    ['a JSON array', () => register({}, '[]'), 400, 400006],
    ['a registrationId of another type', () => register({}, '{"registrationId":1}'), 400, 400006],
    ['a tpm member without a key', () => register({}, '{"tpm":{}}'), 400, 400006],
    ['a registrationId unlike the path', () => register({}, '{"registrationId":"dev-02"}'), 400, 400004],
    ['no api-version', () => register().replace('?api-version=2021-06-01', ''), 400, 400001],
    ['an unknown api-version', () => register().replace('2021-06-01', '2021-06-02'), 400, 400001],
    ['a path that is not UTF-8', () => register().replace('dev-01/', 'dev%FF/'), 400, 400004],
    ['a registrationId with a slash', () => register({}, '{}').replace('dev-01/', 'dev%2F01/'), 400, 400004],
    ['an unknown path', () => register().replace('/register', '/enlist'), 404, 404000],
    ['a path without an id', () => register().replace('dev-01/', '/'), 405, 405000],
    ['a wrong method', () => register().replace('PUT', 'POST'), 405, 405000],
    ['plain text', () => register({ 'Content-Type': 'text/plain' }), 415, 415000],
    ['no content type', () => register({ 'Content-Type': '' }), 415, 415000],
    ['a wrong scope', () => register().replace(dps.idScope, '0ne00000000'), 401, 401002],
    ['no proof', () => register({ Authorization: '' }), 401, 401002],
    ['a token that is none', () => register({ Authorization: 'Bearer x' }), 401, 401000],
    [
      'a status query without proof',
      () => requestText('GET', `${base}/operations/4.0.0?api-version=2021-06-01`),
      401,
      401002,
    ],
    [
      'an unknown operation',
      () =>
        requestText('GET', `${base}/operations/4.0.0?api-version=2021-06-01`, {
          headers: { Authorization: token },
        }),
      404,
      404202,
    ],
    [
      'a look-up before any registration',
      () =>
        requestText('POST', `${base}?api-version=2021-06-01`, {
          body: '{}',
          headers: { Authorization: token },
        }),
      404,
      404202,
    ],
  ];
  it.each(refused)('refuses %s', async (_what, request, status, errorCode) => {
    await using connection = await openRaw(dps);
    const answer = await connection.send(request());
    expect(answer.status).toBe(status);
    expect(Object.keys(answer.json)).toEqual(['errorCode', 'trackingId', 'message', 'timestampUtc']);
    expect(answer.json['errorCode']).toBe(errorCode);
    expect(answer.json['trackingId']).toBe(answer.headers.get('x-ms-request-id'));
    expect(answer.json['timestampUtc']).toMatch(time);
    expect(answer.headers.get('x-ms-error-code')).toBe(String(errorCode));
    expect(answer.headers.get('content-type')).toBe('application/json; charset=utf-8');
    // The connection goes on: a refusal is an answer.
    expect((await connection.send(register())).status).toBe(202);
  });

  it.each([
    ['declared', { 'Content-Length': '1000000000' }, ''],
    ['sent', {}, JSON.stringify({ payload: 'x'.repeat(200_000) })],
    [
      'sent in chunks',
      { 'Content-Length': '', 'Transfer-Encoding': 'chunked' },
      `30D40\r\n${'x'.repeat(200_000)}\r\n0\r\n\r\n`,
    ],
  ])('refuses an oversized body that is %s and closes the connection', async (how, headers, body) => {
    await using connection = await openRaw(dps);
    const request = register(headers, body);
    if (how === 'declared') {
      connection.socket.write(request);
      // Nobody reads a gigabyte: what comes past the limit and a little more ends it.
      connection.socket.write(Buffer.alloc(8 * 1024 * 1024, 0x20));
    }
    const answer = await connection.send(how === 'declared' ? '' : request);
    expect(answer.status).toBe(413);
    expect(answer.json['errorCode']).toBe(413000);
    expect(answer.headers.get('connection')).toBe('close');
    await connection.closed();
  });

  it('refuses what is not HTTP and closes the connection', async () => {
    await using connection = await openRaw(dps);
    const answer = await connection.send('hello\r\n\r\n');
    expect(answer.status).toBe(400);
    await connection.closed();
  });

  it('refuses headers without end', async () => {
    await using connection = await openRaw(dps);
    const answer = await connection.send(register({ 'X-Long': 'x'.repeat(20_000) }));
    expect(answer.status).toBe(431);
    await connection.closed();
  });

  it('logs requests with the reason of a refusal and nothing secret', async () => {
    await sendOnce(dps, register());
    await sendOnce(dps, register({}, `{"payload":"TOPSECRET",`));
    await sendOnce(dps, register().replace('?api', '?sig=TOPSECRET&api'));
    const log = await dps.control.requests();
    expect(log.map(({ status }) => status)).toEqual([202, 400, 202]);
    expect(log[1]).toMatchObject({ method: 'PUT', registrationId, errorCode: 400006 });
    expect(log[1]?.reason).toContain('not JSON');
    const text = JSON.stringify(log);
    expect(text).not.toContain('TOPSECRET');
    expect(text).not.toContain('SharedAccessSignature');
  });

  it('counts how often a device was assigned', async () => {
    await sendOnce(dps, register());
    await sendOnce(dps, register());
    expect(await dps.control.registrations()).toEqual([
      {
        registrationId,
        status: 'assigned',
        assignedHub: expect.stringMatching(/^hub-[12]\./) as string,
        deviceId: registrationId,
        enrollmentId: registrationId,
        timesAssigned: 2,
      },
    ]);
  });

  it('serves many connections at once, each device its own', async () => {
    const ids = Array.from({ length: 200 }, (_, index) => `many-${index}`);
    await dps.control.enroll(
      ids.map((id) => ({
        registrationId: id,
        attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: toBase64(key) } },
      })),
    );
    const statuses = await Promise.all(
      ids.map(async (id) => {
        const path = registerPath.replace(registrationId, id);
        const headers = { Authorization: deviceToken({ idScope: dps.idScope, registrationId: id, key }) };
        return (await sendOnce(dps, requestText('PUT', path, { body: '{}', headers }))).status;
      }),
    );
    expect(new Set(statuses)).toEqual(new Set([202]));
    const records = await dps.control.registrations();
    expect(records.map((record) => record.registrationId).sort()).toEqual([...ids].sort());
  });

  it('closes at once, also under a client that never begins its handshake', async () => {
    const other = await startDps();
    const silent = connect(other.https.port, other.https.address);
    await once(silent, 'connect');
    const idle = await openRaw(other);
    await other[Symbol.asyncDispose]();
    await idle.closed();
    if (!silent.closed) await once(silent, 'close');
    expect(silent.destroyed).toBe(true);
  });
});
