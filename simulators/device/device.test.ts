import type { IncomingMessage, RequestListener } from 'node:http';
import https from 'node:https';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { toBase64, utf8 } from '../kernel/bytes.ts';
import { createInstantClock } from '../kernel/testing/instant-clock.ts';
import { answer, inTurn, startTestServer, type TestServer } from '../transport/testing/tls-server.ts';
import { parseSasToken, sasSignatureMatches } from '../wire/sas-token.ts';
import { createDevice, type DeviceContext } from './device.ts';
import { type ClientKind, clientKinds, type DeviceSpec } from './device-spec.ts';
import type { DeviceTrace } from './device-trace.ts';
import { specOf } from './testing/specs.ts';

const key = utf8('0123456789abcdef0123456789abcdef');
const never = new AbortController().signal;
const operationId = '4.op';
const registrationState = {
  registrationId: 'dev-01',
  assignedHub: 'hub-1.azure-devices.net',
  deviceId: 'dev-01',
  status: 'assigned',
  substatus: 'initialAssignment',
};
const assigning = answer(202, { operationId, status: 'assigning' }, { 'Retry-After': '0' });
const assigned = answer(200, { operationId, status: 'assigned', registrationState });

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

interface Registered {
  readonly trace: DeviceTrace;
  readonly server: TestServer;
  readonly requests: readonly IncomingMessage[];
}

/** Registers one device against a server that answers so. */
async function register(
  client: ClientKind,
  listener: RequestListener,
  options: { context?: Partial<DeviceContext>; spec?: Partial<DeviceSpec>; signal?: AbortSignal } = {},
): Promise<Registered> {
  const requests: IncomingMessage[] = [];
  const server = await startTestServer((request, response) => {
    requests.push(request);
    listener(request, response);
  });
  const device = createDevice(
    specOf({ client, ...options.spec }),
    { kind: 'symmetric-key', key: toBase64(key) },
    { endpoint: server.endpoint, seed: 1, attemptTimeoutMs: 10_000, ...options.context },
  );
  opened.push(server, device);
  await device.prepare(never);
  return { trace: await device.register(options.signal ?? never), server, requests };
}

/** The daemon of IoT Edge waits, retries and judges in its own way: its tests are beside it. */
const libraries = clientKinds.filter((client) => client !== 'iot-edge');

describe.each(libraries)('a device with the %s client', (client) => {
  it('registers over one connection and says where it was assigned', async () => {
    const { trace, server, requests } = await register(client, inTurn(assigning, assigning, assigned), {
      context: { recordSteps: true },
    });
    expect(trace).toMatchObject({
      registrationId: 'dev-01',
      polls: 2,
      retries: 0,
      result: {
        kind: 'assigned',
        assignedHub: 'hub-1.azure-devices.net',
        deviceId: 'dev-01',
        substatus: 'initialAssignment',
      },
    });
    expect(server.accepted).toBe(1);
    expect(requests.map(({ method }) => method)).toEqual(['PUT', 'GET', 'GET']);
  });

  it('signs one token with its key and sends it with every request', async () => {
    const { requests } = await register(client, inTurn(assigning, assigned));
    const tokens = new Set(requests.map(({ headers }) => headers.authorization));
    expect(tokens.size).toBe(1);
    const token = parseSasToken([...tokens].join());
    expect(decodeURIComponent(token.sr)).toBe('0ne00000001/registrations/dev-01');
    expect(token.skn).toBe('registration');
    expect(sasSignatureMatches(token, key)).toBe(true);
  });

  it('counts time to phases that do not overlap', async () => {
    const { trace } = await register(client, inTurn(assigning, assigned), { context: { recordSteps: true } });
    const { totalMs, phasesMs } = trace;
    expect(Object.keys(phasesMs).sort()).toEqual(['poll', 'poll-wait', 'register', 'tcp-tls']);
    const sum = Object.values(phasesMs).reduce((total, ms) => total + ms, 0);
    expect(sum).toBeGreaterThan(0);
    expect(sum).toBeLessThanOrEqual(totalMs);
    expect(trace.steps.map(({ step }) => step)).toEqual(['connect', 'register', 'poll-wait', 'poll']);
  });

  it('keeps steps only when asked to', async () => {
    expect((await register(client, inTurn(assigning, assigned))).trace.steps).toEqual([]);
  });

  it('leaves no connection behind, whether it was assigned or refused', async () => {
    for (const listener of [inTurn(assigning, assigned), answer(401, { errorCode: 401002, message: 'no' })]) {
      const { server } = await register(client, listener);
      for (const socket of server.sockets) await new Promise((resolve) => socket.once('close', resolve));
      expect(server.sockets.size).toBe(0);
    }
  });

  it.each([
    {
      title: 'a refusal',
      listener: answer(401, { errorCode: 401002, message: 'Unauthorized', trackingId: 't' }),
      result: {
        kind: 'error',
        error: {
          name: 'DpsServiceError',
          code: 'DPS_401002',
          message: 'Unauthorized',
          details: { status: 401, errorCode: 401002, trackingId: 't' },
        },
      },
    },
    {
      title: 'an enrollment that is not there',
      listener: answer(404, { errorCode: 404201, message: 'Not found' }),
      result: { kind: 'error', error: { code: 'DPS_404201', details: { status: 404 } } },
    },
    {
      title: 'a refusal of a status query',
      listener: inTurn(assigning, answer(401, { errorCode: 401000, message: 'Unauthorized' })),
      result: { kind: 'error', error: { code: 'DPS_401000' } },
    },
    {
      title: 'throttling',
      listener: answer(429, { errorCode: 429001, message: 'slow' }, { 'Retry-After': '3' }),
      result: { kind: 'error', error: { code: 'DPS_429001', details: { retryAfterSeconds: 3 } } },
    },
    {
      title: 'a gateway that is no DPS',
      listener: answer(502, '<html>', { 'Content-Type': 'text/html' }),
      result: { kind: 'error', error: { code: 'DPS_502', details: { status: 502 } } },
    },
    {
      title: 'a registration that failed',
      listener: inTurn(
        assigning,
        answer(200, {
          operationId,
          status: 'failed',
          registrationState: { status: 'failed', errorCode: 400208, errorMessage: 'no hub' },
        }),
      ),
      result: { kind: 'ended', status: 'failed', errorCode: 400208, message: 'no hub' },
    },
    {
      title: 'a disabled enrollment',
      listener: inTurn(
        assigning,
        answer(200, {
          operationId,
          status: 'disabled',
          registrationState: { status: 'disabled', errorCode: 403000, errorMessage: 'disabled' },
        }),
      ),
      result: { kind: 'ended', status: 'disabled', errorCode: 403000, message: 'disabled' },
    },
    {
      title: 'a connection that was cut',
      listener: ((request) => request.socket.destroy()) satisfies RequestListener,
      result: {
        kind: 'error',
        error: { name: 'TransportError', code: 'ECONNRESET', details: { phase: 'receive' } },
      },
    },
  ])('names $title', async ({ listener, result }) => {
    const { trace } = await register(client, listener, { context: { retryPolicy: 'none' } });
    expect(trace.result).toMatchObject(result);
  });

  it('names a server whose CA it does not trust', async () => {
    const { endpoint } = (await register(client, assigned)).server;
    const { caPem: _, ...withoutCa } = endpoint;
    const { trace } = await register(client, assigned, { context: { endpoint: withoutCa } });
    expect(trace.result).toMatchObject({ kind: 'error', error: { details: { phase: 'tls' } } });
  });

  it('gives up at its deadline when no answer comes', async () => {
    const { trace } = await register(client, () => undefined, { context: { attemptTimeoutMs: 100 } });
    expect(trace.result).toMatchObject({ kind: 'error', error: { code: 'TIMEOUT' } });
  });

  it('is aborted with the run', async () => {
    const run = new AbortController();
    const { trace } = await register(client, () => run.abort(), { signal: run.signal });
    expect(trace.result).toEqual({ kind: 'aborted' });
  });

  it('registers again with the same keys', async () => {
    const server = await startTestServer(inTurn(assigning, assigned, assigning, assigned));
    const device = createDevice(
      specOf({ client }),
      { kind: 'symmetric-key', key: toBase64(key) },
      { endpoint: server.endpoint, seed: 1, attemptTimeoutMs: 10_000 },
    );
    opened.push(server, device);
    await device.prepare(never);
    expect((await device.register(never)).result.kind).toBe('assigned');
    expect((await device.register(never)).result.kind).toBe('assigned');
    expect(server.accepted).toBe(2);
  });
});

describe('a device with the native client', () => {
  it('sends a throttled request again when the service says, and counts it', async () => {
    const clock = createInstantClock();
    const throttled = answer(429, { errorCode: 429001, message: 'slow' }, { 'Retry-After': '7' });
    const { trace } = await register('native', inTurn(throttled, throttled, assigning, throttled, assigned), {
      context: { clock },
    });
    expect(trace).toMatchObject({ result: { kind: 'assigned' }, retries: 3, polls: 2 });
    expect(clock.sleepsMs).toEqual([7_000, 7_000, 7_000]);
  });

  it('connects again after its connection was cut', async () => {
    const clock = createInstantClock();
    const cut: RequestListener = (request) => request.socket.destroy();
    const { trace, server } = await register('native', inTurn(cut, assigning, assigned), {
      context: { clock },
    });
    expect(trace).toMatchObject({ result: { kind: 'assigned' }, retries: 1 });
    expect(server.accepted).toBe(2);
    expect(clock.sleepsMs).toHaveLength(1);
  });

  it('gives up after as many retries as its policy has', async () => {
    const { trace, requests } = await register(
      'native',
      answer(503, { errorCode: 503001, message: 'busy' }),
      {
        context: { clock: createInstantClock() },
      },
    );
    expect(trace).toMatchObject({ result: { kind: 'error', error: { code: 'DPS_503001' } }, retries: 3 });
    expect(requests).toHaveLength(4);
  });

  it('does not repeat a refusal', async () => {
    const { requests } = await register('native', answer(401, { errorCode: 401002, message: 'no' }));
    expect(requests).toHaveLength(1);
  });

  it('polls when the service says, with two seconds where it does not', async () => {
    const clock = createInstantClock();
    const afterFive = answer(202, { operationId, status: 'assigning' }, { 'Retry-After': '5' });
    const silent = answer(202, { operationId, status: 'assigning' });
    await register('native', inTurn(afterFive, silent, assigned), { context: { clock } });
    expect(clock.sleepsMs).toEqual([5_000, 2_000]);
  });

  it('makes the mistake that its spec names', async () => {
    const expired = await register('native', inTurn(assigning, assigned), { spec: { fault: 'expired-sas' } });
    const token = parseSasToken(expired.requests[0]?.headers.authorization ?? '');
    expect(token.se).toBeLessThan(Date.now() / 1000);
    expect(sasSignatureMatches(token, key)).toBe(true);
    const tampered = await register('native', inTurn(assigning, assigned), {
      spec: { fault: 'tampered-token' },
    });
    const changed = parseSasToken(tampered.requests[0]?.headers.authorization ?? '');
    expect(sasSignatureMatches(changed, key)).toBe(false);
  });
});

describe('a device with the azure-sdk client', () => {
  it('does nothing that would end the process when the SDK polls for a device that was given up', async () => {
    using request = vi.spyOn(https, 'request');
    const later = answer(202, { operationId, status: 'assigning' }, { 'Retry-After': '1' });
    const { trace, requests } = await register('azure-sdk', later, { context: { attemptTimeoutMs: 200 } });
    expect(trace).toMatchObject({ result: { kind: 'error', error: { code: 'TIMEOUT' } }, polls: 0 });
    // Its timer cannot be stopped. Vitest fails on an uncaught exception.
    await vi.waitFor(() => expect(request).toHaveBeenCalledTimes(2), { timeout: 10_000 });
    await new Promise(setImmediate);
    expect(requests).toHaveLength(1);
    expect(trace.polls).toBe(0);
  });

  it('names a crash of the SDK, which would end the process', async () => {
    const notJson = answer(202, 'accepted', { 'Content-Type': 'text/plain' });
    const { trace } = await register('azure-sdk', notJson);
    expect(trace.result).toMatchObject({
      kind: 'error',
      error: { code: 'SDK_CRASHED', details: { phase: 'process' }, cause: { name: 'TypeError' } },
    });
  });
});

describe('a device', () => {
  it('says what is missing when it has a TPM and nothing hosts it', async () => {
    const server = await startTestServer(assigned);
    const credentials = {
      kind: 'tpm',
      tpmId: 'x',
      stateFile: '/nonexistent',
      endorsementKey: '',
      storageRootKey: '',
    } as const;
    opened.push(server);
    for (const client of clientKinds) {
      await using device = createDevice(specOf({ attestation: 'tpm', client }), credentials, {
        endpoint: server.endpoint,
        seed: 1,
        attemptTimeoutMs: 1_000,
      });
      await expect(device.prepare(never)).rejects.toMatchObject({ code: 'ENVIRONMENT', component: 'tpm' });
    }
  });
});
