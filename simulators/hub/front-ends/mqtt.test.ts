import { createHmac, hash, randomBytes } from 'node:crypto';
import type { Packet } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { createInstantClock } from '../../kernel/testing/instant-clock.ts';
import { createTestPki } from '../../pki/test-pki.ts';
import { openMqttClient } from '../../server/testing/mqtt-client.ts';
import { HubDirectory } from '../hub-directory.ts';
import { createIdentity } from '../hub-registry.ts';
import { createHubService } from '../hub-service.ts';
import type { HubRequestRecord } from './https.ts';
import { createHubMqttFrontEnd } from './mqtt.ts';

const hub = 'hub-1.example.net';
const deviceId = 'dev:01';
const key = randomBytes(32);
const events = `devices/${deviceId}/messages/events`;
/** Now, as certificates are made that are valid from now on. */
const startMs = Date.now();
const pki = await createTestPki();

function token(changes: { deviceId?: string; key?: Uint8Array; se?: number } = {}): string {
  const sr = encodeURIComponent(`${hub}/devices/${changes.deviceId ?? deviceId}`);
  const se = changes.se ?? 2_000_000_000;
  const sig = createHmac('sha256', changes.key ?? key)
    .update(`${sr}\n${se}`)
    .digest('base64');
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(sig)}&se=${se}`;
}

function openFrontEnd() {
  const directory = new HubDirectory([hub]);
  const registry = directory.find(hub);
  if (registry === undefined) throw new Error('no hub');
  const authentication = { type: 'sas', primaryKey: key.toString('base64'), secondaryKey: '' } as const;
  const initialTwin = { properties: { desired: { interval: 5 } } };
  registry.put(createIdentity({ deviceId, authentication, initialTwin, iotEdge: true }));
  registry.put(createIdentity({ deviceId: 'off', authentication, status: 'disabled' }));
  const clock = createInstantClock(startMs);
  const service = createHubService({ directory, policies: [], clock });
  const log: HubRequestRecord[] = [];
  const openApplication = createHubMqttFrontEnd({
    ...{ service, clock },
    onAnswered: (record) => log.push(record),
  });
  return {
    directory,
    registry,
    log,
    open: (chain: readonly Uint8Array[] = []) => openMqttClient(openApplication(chain)),
  };
}

interface ConnectChanges {
  readonly clientId?: string;
  readonly username?: string;
  readonly password?: string;
  readonly will?: string;
}

function connectWith({ clientId = deviceId, username, password = token(), will }: ConnectChanges = {}) {
  const named = username ?? `${hub}/${clientId}/?api-version=2021-04-12&DeviceClientType=x%2F1`;
  return {
    ...{ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: false, keepalive: 60 },
    ...{ clientId, username: named, password: Buffer.from(password) },
    ...(will === undefined
      ? {}
      : { will: { topic: will, payload: Buffer.from('gone'), qos: 1, retain: false } }),
  } satisfies Packet as Packet;
}

const publish = (
  topic: string,
  payload = '',
  changes: { qos?: 0 | 1 | 2; retain?: boolean } = {},
): Packet => ({
  ...{ cmd: 'publish', topic, payload, qos: 1, dup: false, retain: false, messageId: 7 },
  ...changes,
});
const subscribe = (...filters: readonly string[]): Packet => ({
  ...{ cmd: 'subscribe', messageId: 1 },
  subscriptions: filters.map((topic) => ({ topic, qos: 0 })),
});

async function openSession(changes: ConnectChanges = {}) {
  const parts = openFrontEnd();
  const connection = parts.open();
  expect(await connection.ask(connectWith(changes))).toMatchObject([
    { cmd: 'connack', returnCode: 0, sessionPresent: false },
  ]);
  return { ...parts, connection };
}

describe('IoT Hub over MQTT', () => {
  it('takes telemetry with the properties of the topic, and leaves out those of the system', async () => {
    const { connection, directory } = await openSession();
    const bag = '%24.mid=m1&%24.ct=application%2Fjson&room=a%20b%26c&flag&';
    expect(await connection.ask(publish(`${events}/${bag}`, '{"t":1}'))).toMatchObject([
      { cmd: 'puback', messageId: 7 },
    ]);
    await connection.ask(publish(events, 'x', { retain: true }));
    expect(directory.telemetry.list()).toMatchObject([
      { hub, deviceId, bodyText: '{"t":1}', properties: { room: 'a b&c', flag: '' } },
      { bodyText: 'x', properties: { 'mqtt-retain': 'true' } },
    ]);
    expect(directory.telemetry.list()[0]?.properties).not.toHaveProperty('$.mid');
  });

  it.each([
    ['an unknown device', { clientId: 'nobody', password: token({ deviceId: 'nobody' }) }, 5],
    ['a disabled device', { clientId: 'off', password: token({ deviceId: 'off' }) }, 5],
    ['another key', { password: token({ key: randomBytes(32) }) }, 5],
    ['an expired token', { password: token({ se: 1_000_000_000 }) }, 5],
    ['a token for another device', { password: token({ deviceId: 'off' }) }, 5],
    ['no password and no certificate', { password: '' }, 5],
    ['another client id', { clientId: 'other', username: `${hub}/${deviceId}/?api-version=1` }, 5],
    ['a hub that is not linked', { username: `hub-9.example.net/${deviceId}/?api-version=1` }, 5],
    ['a module that is not there', { clientId: `${deviceId}/none` }, 5],
    ['a will to another topic', { will: 'devices/off/messages/events/' }, 5],
    ['a user name without a device', { username: `${hub}/?api-version=1` }, 4],
  ])('refuses CONNECT with %s', async (_, changes: ConnectChanges, returnCode) => {
    const { open, log, directory } = openFrontEnd();
    const connection = open();
    expect(await connection.ask(connectWith(changes))).toMatchObject([{ cmd: 'connack', returnCode }]);
    await connection.ended;
    expect(log).toMatchObject([{ path: 'CONNECT', refusal: { reason: expect.any(String) as unknown } }]);
    expect(directory.telemetry.list()).toEqual([]);
  });

  it.each([
    ['a port in its name', `${hub}:8883/${deviceId}/?api-version=1`],
    ['no query', `${hub}/${deviceId}`],
    ['the query of former days', `${hub}/${deviceId}/api-version=2016-11-14`],
    ['the hub in upper case', `${hub.toUpperCase()}/${deviceId}/?api-version=1`],
  ])('takes a user name with %s', async (_, username) => {
    const { connection } = await openSession({ username });
    connection.vanish();
  });

  it('lets a device in by its certificate, and no other one', async () => {
    const { registry, open, directory } = openFrontEnd();
    const [own, other] = await Promise.all(
      ['own', 'other'].map(async (commonName) => {
        const { certificatePem } = await pki.issueDeviceCertificate({ commonName, issuer: 'self' });
        return Buffer.from(certificatePem.replaceAll(/-----.*-----|\s/g, ''), 'base64');
      }),
    );
    if (own === undefined || other === undefined) throw new Error('no certificates');
    const primaryThumbprint = hash('sha1', own, 'hex').toUpperCase();
    const authentication = { type: 'selfSigned', primaryThumbprint, secondaryThumbprint: null } as const;
    registry.put(createIdentity({ deviceId: 'x', authentication }));
    const connect = connectWith({ clientId: 'x', password: '' });
    expect(await open([other]).ask(connect)).toMatchObject([{ returnCode: 5 }]);
    const connection = open([own]);
    expect(await connection.ask(connect)).toMatchObject([{ returnCode: 0 }]);
    await connection.ask(publish('devices/x/messages/events/', 'hi'));
    expect(directory.telemetry.list()).toMatchObject([
      { deviceId: 'x', certificateThumbprint: hash('sha256', own, 'hex').toUpperCase() },
    ]);
  });

  it('answers for the twin with the request id as it came, and merges what is reported', async () => {
    const { connection, registry } = await openSession();
    await connection.ask(subscribe('$iothub/twin/res/#'));
    const read = async (rid: string) => {
      const [, answer] = await connection.ask(publish(`$iothub/twin/GET/?$rid=${rid}`, ' '), 2);
      if (answer?.cmd !== 'publish') throw new Error('no answer');
      expect(answer).toMatchObject({ topic: `$iothub/twin/res/200/?$rid=${rid}`, qos: 0 });
      return JSON.parse(answer.payload.toString()) as unknown;
    };
    expect(await read('a-1')).toEqual({
      desired: { interval: 5, $version: 1 },
      reported: { $version: 1 },
    });
    const [, patched] = await connection.ask(
      publish('$iothub/twin/PATCH/properties/reported/?$rid=2', '{"led":{"on":true}}'),
      2,
    );
    expect(patched).toMatchObject({ topic: '$iothub/twin/res/204/?$rid=2&$version=2' });
    expect(await read('3')).toMatchObject({ reported: { led: { on: true }, $version: 2 } });
    expect(registry.get(deviceId)?.twin.reported).toEqual({ led: { on: true } });
  });

  it.each(['{', '[]', '"x"', ''])(
    'refuses to report %j, with the code by which the SDK sees it',
    async (body) => {
      const { connection, registry } = await openSession();
      await connection.ask(subscribe('$iothub/twin/res/#'));
      const [, answer] = await connection.ask(
        publish('$iothub/twin/PATCH/properties/reported/?$rid=1', body),
        2,
      );
      if (answer?.cmd !== 'publish') throw new Error('no answer');
      expect(answer.topic).toBe('$iothub/twin/res/400/?$rid=1');
      expect(JSON.parse(answer.payload.toString())).toMatchObject({ errorCode: 400012 });
      expect(registry.get(deviceId)?.twin.reportedVersion).toBe(1);
    },
  );

  it('keeps the twin of a module apart, and lets it in by the token of its device', async () => {
    const clientId = `${deviceId}/$edgeAgent`;
    const { connection, registry, directory } = await openSession({ clientId });
    const own = `devices/${deviceId}/modules/$edgeAgent`;
    expect(await connection.ask(subscribe(`${own}/inputs/#`, `${own}/#`))).toMatchObject([
      { granted: [0, 0] },
    ]);
    await connection.ask(publish(`${own}/messages/events/`, 'x'));
    await connection.ask(publish('$iothub/twin/PATCH/properties/reported/?$rid=1', '{"a":1}'));
    expect(directory.telemetry.list()).toMatchObject([{ deviceId, moduleId: '$edgeAgent' }]);
    expect(registry.get(deviceId)?.twin.reported).toEqual({});
    expect(registry.get(deviceId)?.modules['$edgeAgent']?.twin.reported).toEqual({ a: 1 });
  });

  it('grants what the SDKs subscribe to, and nothing of other devices', async () => {
    const { connection } = await openSession();
    const [suback] = await connection.ask(
      subscribe(
        ...['$iothub/twin/res/#', '$iothub/twin/PATCH/properties/desired/#', '$iothub/methods/POST/#'],
        ...[`devices/${deviceId}/messages/devicebound/#`, 'devices/off/messages/devicebound/#', '#'],
      ),
    );
    expect(suback).toMatchObject({ granted: [0, 0, 0, 0, 0x80, 0x80] });
  });

  it.each([
    ['QoS 2', publish(`${events}/`, 'x', { qos: 2 })],
    ['a message in the name of another device', publish('devices/off/messages/events/', 'x')],
    ['a topic that nobody reads', publish('$iothub/twin/GET/', 'x')],
    ['more than 256 KB', publish(`${events}/`, 'x'.repeat(256 * 1024 + 1))],
  ])('closes on %s', async (_, packet) => {
    const { connection, directory, log } = await openSession();
    connection.send(packet);
    await connection.ended;
    expect(directory.telemetry.list()).toEqual([]);
    expect(log.at(-1)).toMatchObject({ refusal: { reason: expect.any(String) as unknown } });
  });

  it('closes the connection that was there when the same device comes again', async () => {
    const { connection, open } = await openSession();
    const second = open();
    expect(await second.ask(connectWith())).toMatchObject([{ returnCode: 0 }]);
    await connection.ended;
    expect(await second.ask(publish(`${events}/`, 'x'))).toMatchObject([{ cmd: 'puback' }]);
  });

  it('takes no more from a device that was disabled meanwhile', async () => {
    const { connection, registry, directory } = await openSession();
    const identity = registry.get(deviceId);
    if (identity === undefined) throw new Error('no device');
    registry.put({ ...identity, status: 'disabled' });
    connection.send(publish(`${events}/`, 'x'));
    await connection.ended;
    expect(directory.telemetry.list()).toEqual([]);
  });

  it('closes when the token expires', async () => {
    const { connection, log } = await openSession({ password: token({ se: Math.ceil(startMs / 1000) }) });
    await connection.ended;
    expect(log.at(-1)?.refusal?.reason).toBe('the token has expired');
  });

  it('sends the will of a device that is gone without a word, and of no other', async () => {
    const { open, directory } = openFrontEnd();
    const polite = open();
    await polite.ask(connectWith({ will: `${events}/` }));
    polite.send({ cmd: 'disconnect' });
    await polite.ended;
    expect(directory.telemetry.list()).toEqual([]);
    const lost = open();
    await lost.ask(connectWith({ will: `${events}/why=power` }));
    await open().ask(connectWith());
    await lost.ended;
    lost.vanish();
    await expect
      .poll(() => directory.telemetry.list())
      .toMatchObject([{ bodyText: 'gone', properties: { why: 'power', 'iothub-MessageType': 'Will' } }]);
  });
});
