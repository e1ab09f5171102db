import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DeviceRegistrationResult } from '../wire/device-api.ts';
import {
  createTestCore,
  sasProof,
  symmetricKeys,
  type TestCore,
  testHubs,
  testId,
  testToken,
} from './testing/test-core.ts';

const key = new Uint8Array(32).fill(1);
const proof = sasProof(testToken(testId, key));
const [first = '', second = '', third = ''] = testHubs;

interface WebhookAnswer {
  readonly status?: number;
  readonly body?: unknown;
}

let core: TestCore;
let server: Server;
/** Bodies of the calls so far. */
let calls: unknown[];
/** What the webhook says, in turn; it keeps silent while it has nothing to say. */
let answers: (WebhookAnswer | Promise<WebhookAnswer>)[];

beforeEach(async () => {
  calls = [];
  answers = [];
  server = createServer((request, response) => {
    void text(request).then(async (body) => {
      calls.push({
        method: request.method,
        type: request.headers['content-type'],
        body: JSON.parse(body) as unknown,
      });
      const answer = await answers.shift();
      if (answer === undefined) return;
      response.writeHead(answer.status ?? 200);
      response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  core = createTestCore();
});

afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
});

const webhook = () => ({
  webhookUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/allocate?code=x`,
  apiVersion: '2021-10-01',
});

const enroll = (customAllocationDefinition = webhook()) =>
  core.enrollments.put([
    {
      registrationId: testId,
      attestation: symmetricKeys(key),
      allocationPolicy: 'custom',
      customAllocationDefinition,
      iotHubs: [first, second],
    },
  ]);

/** Registers, and waits for the webhook to have been heard. */
async function register(payload?: unknown): Promise<DeviceRegistrationResult> {
  const answer = core.register(proof, payload === undefined ? {} : { payload });
  return vi.waitFor(() => core.finish(answer, proof), { interval: 5 });
}

describe('custom allocation', () => {
  it('gives the hub and the payload of the webhook to the device', async () => {
    enroll();
    answers.push({ body: { iotHubHostName: second, payload: { ring: 3 }, initialTwin: { tags: {} } } });
    expect(await register()).toMatchObject({
      status: 'assigned',
      substatus: 'initialAssignment',
      assignedHub: second,
      payload: { ring: 3 },
    });
    expect(core.registry.records()).toMatchObject([{ status: 'assigned', timesAssigned: 1 }]);
  });

  it('tells the webhook what is documented, the keys left out', async () => {
    enroll();
    answers.push({ body: { iotHubHostName: first } }, { body: { iotHubHostName: first } });
    await register({ model: 'x' });
    expect(calls[0]).toEqual({
      method: 'POST',
      type: 'application/json',
      body: {
        individualEnrollment: expect.objectContaining({
          registrationId: testId,
          attestation: { type: 'symmetricKey' },
          customAllocationDefinition: webhook(),
        }) as unknown,
        deviceRuntimeContext: { registrationId: testId, symmetricKey: {}, payload: { model: 'x' } },
        linkedHubs: [first, second],
      },
    });
    await register();
    expect(calls[1]).toMatchObject({
      body: { deviceRuntimeContext: { currentIotHubHostName: first, currentDeviceId: testId } },
    });
  });

  it('stays assigning until the webhook answers', async () => {
    enroll();
    const { promise, resolve } = Promise.withResolvers<WebhookAnswer>();
    answers.push(promise);
    const answer = core.register(proof);
    await vi.waitFor(() => expect(calls).toHaveLength(1), { interval: 5 });
    core.clock.advanceMs(60_000);
    expect(() => core.finish(answer, proof)).toThrow(/not finished/);
    expect(core.registry.records()).toMatchObject([{ status: 'assigning', assignedHub: undefined }]);
    resolve({ body: { iotHubHostName: first } });
    await vi.waitFor(() => expect(core.finish(answer, proof).assignedHub).toBe(first), { interval: 5 });
  });

  it('does not ask for a device that stays on its hub', async () => {
    enroll();
    answers.push({ body: { iotHubHostName: first } });
    await register();
    core.enrollments.put([
      {
        registrationId: testId,
        attestation: symmetricKeys(key),
        allocationPolicy: 'custom',
        reprovisionPolicy: { updateHubAssignment: false, migrateDeviceData: false },
      },
    ]);
    expect((await register()).assignedHub).toBe(first);
    expect(calls).toHaveLength(1);
  });

  it.each([
    ['a refusal', { status: 400, body: { iotHubHostName: first } }],
    ['a redirect', { status: 302, body: {} }],
    ['text that is not JSON', { body: 'hub-1' }],
    ['no hub', { body: {} }],
    ['a hub that the enrollment does not list', { body: { iotHubHostName: third } }],
  ])('fails with 400207 on %s', async (_, answer) => {
    enroll();
    answers.push(answer);
    const { status, errorCode, errorMessage } = await register();
    expect({ status, errorCode }).toEqual({ status: 'failed', errorCode: 400207 });
    if ('status' in answer) {
      expect(errorMessage).toBe(`Custom allocation failed with status code: ${answer.status}`);
    }
  });

  it('fails with 400207 when the webhook keeps silent, or nobody listens, or there is none', async () => {
    core = createTestCore({ webhookTimeoutMs: 50 });
    enroll();
    expect(await register()).toMatchObject({ status: 'failed', errorCode: 400207 });
    enroll({ ...webhook(), webhookUrl: 'http://127.0.0.1:1/' });
    expect(await register()).toMatchObject({ status: 'failed', errorCode: 400207 });
    core.enrollments.put([
      { registrationId: testId, attestation: symmetricKeys(key), allocationPolicy: 'custom' },
    ]);
    expect(await register()).toMatchObject({ status: 'failed', errorCode: 400207 });
  });
});
