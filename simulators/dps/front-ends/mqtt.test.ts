import { randomBytes } from 'node:crypto';
import type { Packet } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { openMqttClient } from '../../server/testing/mqtt-client.ts';
import { RequestLog } from '../request-log.ts';
import { createTestCore, symmetricKeys, testScope, testToken } from '../testing/test-core.ts';
import { createMqttFrontEnd } from './mqtt.ts';

const registrationId = 'mqtt-dev';
const userName = `${testScope}/registrations/${registrationId}/api-version=2019-03-31&ClientVersion=a%2Fb`;
const registerTopic = (rid: string): string => `$dps/registrations/PUT/iotdps-register/?$rid=${rid}`;
const statusTopic = (rid: string, operationId: string): string =>
  `$dps/registrations/GET/iotdps-get-operationstatus/?$rid=${rid}&operationId=${operationId}`;

function openFrontEnd() {
  const core = createTestCore({ assigningDurationMs: 1000 });
  const key = randomBytes(32);
  core.enrollments.put([{ registrationId, attestation: symmetricKeys(key) }]);
  const log = new RequestLog();
  const openApplication = createMqttFrontEnd({
    service: core.service,
    log,
    clock: core.clock,
    retryAfterSeconds: 3,
  });
  const open = () => openMqttClient(openApplication([]));
  const connectWith = (
    changes: { username?: string; password?: string; clientId?: string } = {},
  ): Packet => ({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    keepalive: 60,
    clientId: changes.clientId ?? registrationId,
    username: changes.username ?? userName,
    password: Buffer.from(changes.password ?? testToken(registrationId, key)),
  });
  return { core, log, open, connectWith };
}

const subscribe: Packet = {
  cmd: 'subscribe',
  messageId: 1,
  subscriptions: [{ topic: '$dps/registrations/res/#', qos: 2 }],
};
const publish = (topic: string, payload = ''): Packet => ({
  cmd: 'publish',
  topic,
  payload,
  qos: 1,
  dup: false,
  retain: false,
  messageId: 7,
});

async function openSession() {
  const { open, connectWith, ...parts } = openFrontEnd();
  const connection = open();
  const [connack] = await connection.ask(connectWith());
  expect(connack).toMatchObject({ cmd: 'connack', returnCode: 0, sessionPresent: false });
  const [suback] = await connection.ask(subscribe);
  expect(suback).toMatchObject({ cmd: 'suback', granted: [1] }); // QoS 2 is brought down
  const ask = async (
    topic: string,
    payload?: string,
  ): Promise<{ topic: string; body: Record<string, unknown> }> => {
    const [puback, answer] = await connection.ask(publish(topic, payload), 2);
    expect(puback).toMatchObject({ cmd: 'puback', messageId: 7 });
    if (answer?.cmd !== 'publish') throw new Error(`answered by ${String(answer?.cmd)}`);
    expect(answer.qos).toBe(1);
    return { topic: answer.topic, body: JSON.parse(answer.payload.toString()) as Record<string, unknown> };
  };
  return { ...parts, open, connectWith, connection, ask };
}

describe('DPS over MQTT', () => {
  it('registers, lets poll, and says in the topic when to come again', async () => {
    const { ask, core } = await openSession();
    const accepted = await ask(registerTopic('r 1/x'));
    expect(accepted.topic).toBe('$dps/registrations/res/202/?$rid=r 1/x&retry-after=3');
    expect(accepted.body).toMatchObject({ status: 'assigning' });
    const operationId = String(accepted.body['operationId']);
    const running = await ask(statusTopic('2', operationId), ' ');
    expect(running.topic).toBe('$dps/registrations/res/202/?$rid=2&retry-after=3');
    core.clock.advanceMs(1000);
    const done = await ask(statusTopic('3', operationId), '{"any":"thing"}');
    expect(done.topic).toBe('$dps/registrations/res/200/?$rid=3');
    expect(done.body).toMatchObject({
      operationId,
      status: 'assigned',
      registrationState: { registrationId },
    });
  });

  it.each([
    ['a body that is not JSON', registerTopic('1'), '{', 400, 400006],
    ['another registrationId', registerTopic('1'), '{"registrationId":"other"}', 400, 400004],
    ['an operation that is not there', statusTopic('1', 'none'), ' ', 404, 404202],
    [
      'a status query without an operation',
      '$dps/registrations/GET/iotdps-get-operationstatus/?$rid=1',
      ' ',
      400,
      400004,
    ],
  ])('refuses %s with status and error code', async (_, topic, payload, status, errorCode) => {
    const { ask, log } = await openSession();
    const refused = await ask(topic, payload);
    expect(refused.topic).toBe(`$dps/registrations/res/${status}/?$rid=1`);
    expect(refused.body).toMatchObject({ errorCode, trackingId: expect.any(String) as unknown });
    expect(log.list().at(-1)).toMatchObject({ status, errorCode, requestId: refused.body['trackingId'] });
  });

  it.each([
    ['a token by another key', { password: testToken(registrationId, randomBytes(32)) }, 5],
    ['no password and no certificate', { password: '' }, 5],
    ['another client id', { clientId: 'other' }, 5],
    ['another idScope', { username: userName.replace(testScope, '0neFFFFFFFF') }, 5],
    ['a user name without api-version', { username: `${testScope}/registrations/${registrationId}` }, 4],
    ['a user name of another form', { username: 'me' }, 4],
  ])('refuses CONNECT with %s', async (_, changes, returnCode) => {
    const { open, connectWith, log } = openFrontEnd();
    const connection = open();
    expect(await connection.ask(connectWith(changes))).toMatchObject([{ cmd: 'connack', returnCode }]);
    await connection.ended;
    expect(log.list()).toMatchObject([{ path: 'CONNECT', reason: expect.any(String) as unknown }]);
  });

  it('grants no other filter, and closes on another topic', async () => {
    const { connection } = await openSession();
    const [suback] = await connection.ask({ ...subscribe, subscriptions: [{ topic: '#', qos: 1 }] });
    expect(suback).toMatchObject({ cmd: 'suback', granted: [0x80] });
    connection.send(publish('devices/mqtt-dev/messages/events/'));
    await connection.ended;
  });

  it('closes the connection that was there when the same device comes again', async () => {
    const { connection, open, connectWith } = await openSession();
    const second = open();
    expect(await second.ask(connectWith())).toMatchObject([{ returnCode: 0 }]);
    await connection.ended;
    expect(await second.ask(subscribe)).toMatchObject([{ cmd: 'suback' }]);
  });
});
