import type { IncomingMessage, RequestListener } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { toBase64, utf8 } from '../../kernel/bytes.ts';
import { createInstantClock, type InstantClock } from '../../kernel/testing/instant-clock.ts';
import { describeTpm } from '../../tpm/describe-tpm.ts';
import { makeTestTpms } from '../../tpm/testing/test-tpms.ts';
import { persistIdentityKey } from '../../tpm/testing/tpm-flows.ts';
import { openTpmHost } from '../../tpm/tpm-host.ts';
import { answer, inTurn, startTestServer } from '../../transport/testing/tls-server.ts';
import { createDevice, type DeviceContext } from '../device.ts';
import type { DeviceTrace } from '../device-trace.ts';
import { type EdgeVersion, edgeProfiles, edgeVersions } from '../platforms/profiles.ts';
import { specOf } from '../testing/specs.ts';

const key = toBase64(utf8('0123456789abcdef0123456789abcdef'));
const never = new AbortController().signal;
const operationId = '4.op';
const state = { registrationId: 'dev-01', assignedHub: 'hub-1.example', deviceId: 'dev-01' };
const accepted = answer(202, { operationId, status: 'assigning' }, { 'Retry-After': '60' });
const assigned = answer(200, { operationId, status: 'assigned', registrationState: state });
const throttled = answer(429, { errorCode: 429001, message: 'slow' }, { 'Retry-After': '1' });
const strict = edgeVersions.filter((version) => edgeProfiles[version].strictAnswers);
const backsOff = edgeVersions.filter((version) => edgeProfiles[version].throttleWaits.length > 0);

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

interface Registered {
  readonly trace: DeviceTrace;
  readonly requests: readonly IncomingMessage[];
  readonly clock: InstantClock;
}

/** Registers one symmetric-key device against a server that answers so. */
async function register(
  version: EdgeVersion,
  listener: RequestListener,
  context: Partial<DeviceContext> = {},
): Promise<Registered> {
  const requests: IncomingMessage[] = [];
  const clock = createInstantClock();
  const server = await startTestServer((request, response) => {
    requests.push(request);
    listener(request, response);
  });
  const device = createDevice(
    specOf({ client: 'iot-edge', version }),
    { kind: 'symmetric-key', key },
    { endpoint: server.endpoint, seed: 1, attemptTimeoutMs: 10_000, clock, recordSteps: true, ...context },
  );
  opened.push(server, device);
  await device.prepare(never);
  return { trace: await device.register(never), requests, clock };
}

describe.each(strict)('the daemon of %s', (version) => {
  const accept = (then: RequestListener): RequestListener => inTurn(accepted, then);
  const ended = (status: string, fields: object = {}): RequestListener =>
    accept(answer(200, { operationId, status, registrationState: { ...state, ...fields } }));

  it.each<{ title: string; listener: RequestListener; error: object }>([
    {
      title: 'a registration that is accepted with 200',
      listener: answer(200, { operationId, status: 'assigning' }),
      error: { message: 'Expected one of [202], got 200 OK' },
    },
    {
      title: 'a query that is answered with 201',
      listener: accept(answer(201, {})),
      error: { message: 'Expected one of [200, 202], got 201 Created' },
    },
    {
      title: 'the status disabled',
      listener: ended('disabled', { errorCode: 403000, errorMessage: 'off' }),
      error: { code: 'INVALID_DATA', message: expect.stringContaining('`disabled`') as string },
    },
    {
      title: 'the status unassigned',
      listener: ended('unassigned'),
      error: { code: 'INVALID_DATA', message: expect.stringContaining('`unassigned`') as string },
    },
    {
      title: 'a status in another case',
      listener: ended('Assigned'),
      error: { code: 'INVALID_DATA' },
    },
    {
      title: 'an assignment to no hub',
      listener: ended('assigned', { assignedHub: undefined }),
      error: { code: 'INVALID_DATA', message: 'missing field `assignedHub`' },
    },
    {
      title: 'a refusal: its message, and no code',
      listener: answer(401, { errorCode: 401002, message: 'Unauthorized' }),
      error: { message: 'Unauthorized', details: { status: 401, errorCode: 401002 } },
    },
    {
      title: 'a refusal in other words',
      listener: answer(404, { code: 404201, errorMessage: 'Not found' }),
      error: { message: 'Not found', details: { status: 404, errorCode: 404201 } },
    },
    {
      title: 'a refusal without a code',
      listener: answer(401, { message: 'Unauthorized' }),
      error: { code: 'INVALID_DATA' },
    },
    {
      title: 'an empty refusal',
      listener: answer(503, ''),
      error: { message: 'HTTP error 503', details: { status: 503 } },
    },
    {
      title: 'a page of a proxy',
      listener: answer(502, '<html>', { 'Content-Type': 'text/html' }),
      error: { message: 'invalid Content-Type; expected JSON' },
    },
  ])('fails with $title', async ({ listener, error }) => {
    const { trace } = await register(version, listener);
    expect(trace.result).toMatchObject({ kind: 'error', error: { family: 'peer', ...error } });
  });

  it('fails when the keys of its TPM are accepted without a challenge', async () => {
    await using test = await makeTestTpms(1);
    const [tpm] = test.tpms;
    if (tpm === undefined) throw new Error('no TPM');
    await using tpms = await openTpmHost({ mode: 'pooled', workDirectory: test.workDirectory, poolSize: 1 });
    await using server = await startTestServer(accepted);
    const { tpmId, stateFile } = tpm;
    const credentials = { kind: 'tpm', tpmId, stateFile, endorsementKey: '', storageRootKey: '' } as const;
    await using device = createDevice(
      specOf({ client: 'iot-edge', version, attestation: 'tpm' }),
      credentials,
      { endpoint: server.endpoint, seed: 1, attemptTimeoutMs: 10_000, tpms },
    );
    await device.prepare(never);
    expect((await device.register(never)).result).toMatchObject({
      kind: 'error',
      error: { message: 'Expected one of [401], got 202 Accepted' },
    });
  });

  it('knows what failed', async () => {
    const failed = ended('failed', { errorCode: 400208, errorMessage: 'no hub' });
    const { trace } = await register(version, failed);
    expect(trace.result).toEqual({ kind: 'ended', status: 'failed', errorCode: 400208, message: 'no hub' });
  });

  it.each([401, 500])('does not repeat a request that is answered with %d', async (status) => {
    const { requests } = await register(version, answer(status, { errorCode: 1, message: 'no' }));
    expect(requests).toHaveLength(1);
  });

  it('registers again 3 seconds after its connection was cut, and not a third time', async () => {
    const cut: RequestListener = (request) => request.socket.destroy();
    const { trace, clock, requests } = await register(version, cut);
    expect(requests).toHaveLength(2);
    expect(clock.sleepsMs).toEqual([3_000]);
    expect(trace).toMatchObject({ retries: 1, result: { kind: 'error', error: { code: 'ECONNRESET' } } });
    const once = await register(version, inTurn(cut, accepted, assigned));
    expect(once.trace.result.kind).toBe('assigned');
  });

  it('tries a port where nobody listens as often as cloud_retries says', async () => {
    const port = await unusedPort();
    const endpoint = { hostName: 'dps.example', address: '127.0.0.1', port, idScope: 'x', apiVersion: '' };
    const { trace, clock } = await register(version, accepted, { endpoint, edge: { cloudRetries: 3 } });
    expect(clock.sleepsMs).toEqual([3_000, 3_000, 3_000]);
    expect(trace).toMatchObject({ retries: 3, result: { error: { code: 'ECONNREFUSED' } } });
    expect(trace.steps.filter(({ detail }) => detail.includes('attempt 4 of 4'))).toHaveLength(1);
  });

  it('does not repeat a status query whose connection was cut', async () => {
    const { trace, requests } = await register(
      version,
      accept((request) => request.socket.destroy()),
    );
    expect(requests).toHaveLength(2);
    expect(trace.result).toMatchObject({ kind: 'error', error: { code: 'ECONNRESET' } });
  });

  it('gives up a request that is not answered in time, and sends it once more', async () => {
    const edge = { cloudTimeoutSeconds: 0.25 }; // a handshake on a busy machine takes less
    const { trace, requests } = await register(version, () => undefined, { edge });
    expect(requests).toHaveLength(2);
    expect(trace.result).toMatchObject({ kind: 'error', error: { code: 'TIMEOUT' } });
  });

  it('waits as much less as its time scale says', async () => {
    const { clock } = await register(version, accept(assigned), { edge: { timeScale: 0.01 } });
    expect(clock.sleepsMs).toEqual([50]);
  });
});

describe.each(edgeVersions.filter((version) => edgeProfiles[version].tpm.evictsFirst))(
  'the daemon of %s, with a TPM',
  (version) => {
    it('has no key any more after a blob that is broken', async () => {
      const blob = toBase64(new Uint8Array(100));
      const broken = answer(401, { authenticationKey: blob, keyName: 'registration' });
      await using test = await makeTestTpms(1);
      const [tpm] = test.tpms;
      if (tpm === undefined) throw new Error('no TPM');
      await using tpms = await openTpmHost({
        mode: 'pooled',
        workDirectory: test.workDirectory,
        poolSize: 1,
      });
      {
        await using before = await tpms.open(tpm, never);
        await before.use(persistIdentityKey, never);
      }
      await using server = await startTestServer(broken);
      const { tpmId, stateFile } = tpm;
      const credentials = { kind: 'tpm', tpmId, stateFile, endorsementKey: '', storageRootKey: '' } as const;
      const common = { endpoint: server.endpoint, seed: 1, attemptTimeoutMs: 10_000, recordSteps: true };
      const spec = specOf({ client: 'iot-edge', version, attestation: 'tpm' });
      {
        await using device = createDevice(spec, credentials, { ...common, tpms });
        await device.prepare(never);
        const { result, steps } = await device.register(never);
        expect(result).toMatchObject({ kind: 'error', error: { family: 'peer' } });
        expect(steps).toContainEqual(expect.objectContaining({ detail: 'could not import auth key' }));
      }
      await using after = await tpms.open(tpm, never);
      const { persistentHandles } = await after.use((transport) => describeTpm(transport, never), never);
      expect(persistentHandles).toEqual([0x81000001, 0x81010001]);
    });
  },
);

describe.each(backsOff)('the daemon of %s, throttled', (version) => {
  it('waits one, two, three and five minutes and a little more, and then gives up', async () => {
    const { trace, clock, requests } = await register(version, throttled);
    expect(requests).toHaveLength(5);
    const leastMs = [60_000, 120_000, 180_000, 300_000];
    const jitterMs = [10_000, 20_000, 30_000, 30_000];
    expect(clock.sleepsMs).toHaveLength(4);
    for (const [index, waitedMs] of clock.sleepsMs.entries()) {
      expect(waitedMs).toBeGreaterThanOrEqual(leastMs[index] ?? 0);
      expect(waitedMs).toBeLessThanOrEqual((leastMs[index] ?? 0) + (jitterMs[index] ?? 0));
    }
    expect(trace.result).toMatchObject({
      kind: 'error',
      error: { message: '429: Too many requests', details: { status: 429 } },
    });
  });

  it('goes on when it is let in, also with a status query', async () => {
    const { trace } = await register(version, inTurn(throttled, accepted, throttled, assigned));
    expect(trace).toMatchObject({ result: { kind: 'assigned' }, retries: 2 });
  });
});

describe.each(edgeVersions.filter((version) => !backsOff.includes(version)))(
  'the daemon of %s, throttled',
  (version) => {
    it('takes it for any other refusal', async () => {
      const { trace, requests } = await register(version, throttled);
      expect(requests).toHaveLength(1);
      expect(trace.result).toMatchObject({ kind: 'error', error: { message: 'slow' } });
    });
  },
);

describe.each(edgeVersions.filter((version) => !strict.includes(version)))(
  'the daemon of %s, less strict',
  (version) => {
    it('takes a page of a proxy for no HTTP at all', async () => {
      const page = answer(502, '<html>', { 'Content-Type': 'text/html' });
      const { trace } = await register(version, page);
      expect(trace.result).toMatchObject({ error: { message: 'malformed HTTP response' } });
    });

    it('takes any success for an acceptance, and does not try again after a broken connection', async () => {
      const accepting = answer(200, { operationId, status: 'assigning' });
      expect((await register(version, inTurn(accepting, assigned))).trace.result.kind).toBe('assigned');
      const { requests } = await register(version, (request) => request.socket.destroy());
      expect(requests).toHaveLength(1);
    });
  },
);

async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
