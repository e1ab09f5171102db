import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { generate, type Packet, parser } from 'mqtt-packet';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../kernel/clock.ts';
import { createTestPki } from '../pki/test-pki.ts';
import { createMqttTransport } from './mqtt.ts';
import type { DpsEndpoint } from './provisioning-transport.ts';

const pki = await createTestPki();
const certificate = await pki.issueServerCertificate({ names: ['dps.example'] });
const proof = { kind: 'sas', token: 'SharedAccessSignature sr=x' } as const;
const { signal } = new AbortController();

type Answer = (packet: Packet, send: (packet: Packet) => void, socket: TLSSocket) => void;

/** A real TLS server that answers packets as a test wants, and what it received. */
async function startService(answer: Answer) {
  const received: Packet[] = [];
  const sockets = new Set<TLSSocket>();
  const server = createServer({ cert: certificate.chainPem, key: certificate.privateKeyPem }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    const packets = parser({ protocolVersion: 4 });
    packets.on('packet', (packet: Packet) => {
      received.push(packet);
      answer(packet, (reply) => socket.write(generate(reply)), socket);
    });
    socket.on('data', (chunk: Buffer) => packets.parse(chunk));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint: DpsEndpoint = {
    hostName: 'dps.example',
    address: '127.0.0.1',
    port: 1,
    mqttPort: (server.address() as AddressInfo).port,
    idScope: '0ne00000001',
    apiVersion: '2021-06-01',
    caPem: pki.bundle.rootPem,
  };
  open.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { endpoint, received };
}

const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

function transportTo(endpoint: DpsEndpoint) {
  const options = { registrationId: 'dev-01', userAgent: 'rig/1 (x)' };
  const transport = createMqttTransport(endpoint, options, systemClock);
  open.unshift(() => transport.close());
  return transport;
}

const message = (topic: string, payload: unknown, qos: 0 | 1 = 1): Packet => ({
  cmd: 'publish',
  topic,
  payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  qos,
  dup: false,
  retain: false,
  ...(qos === 1 ? { messageId: 9 } : {}),
});

/** Lets in and answers each request with the status and body. */
const service =
  (status: string, body: unknown, more = ''): Answer =>
  (packet, send) => {
    if (packet.cmd === 'connect') send({ cmd: 'connack', returnCode: 0, sessionPresent: false });
    if (packet.cmd === 'subscribe') send({ cmd: 'suback', messageId: packet.messageId ?? 0, granted: [1] });
    if (packet.cmd !== 'publish') return;
    const rid = /\$rid=(\d+)/.exec(packet.topic)?.[1] ?? '';
    send({ cmd: 'puback', messageId: packet.messageId ?? 0 });
    send(message(`$dps/registrations/res/${status}/?$rid=other`, { operationId: 'x', status: 'failed' }));
    send(message(`$dps/registrations/res/${status}/?$rid=${rid}${more}`, body));
  };
const assigning = { operationId: 'op-1', status: 'assigning' };

describe('MQTT transport', () => {
  it('says who it is, subscribes, asks and acknowledges on one connection, and says goodbye', async () => {
    const { endpoint, received } = await startService(service('202', assigning, '&retry-after=7'));
    const transport = transportTo(endpoint);
    await transport.connect(signal);
    expect(received).toEqual([]);
    const accepted = await transport.register({ registrationId: 'dev-01' }, proof, signal);
    expect(accepted).toEqual({ operation: assigning, retryAfterSeconds: 7 });
    await transport.queryOperation('op-1', proof, signal);
    await transport.close();
    expect(received.map(({ cmd }) => cmd)).toEqual([
      ...['connect', 'subscribe', 'publish', 'puback', 'puback'],
      ...['publish', 'puback', 'puback', 'disconnect'],
    ]);
    expect(received[0]).toMatchObject({
      clientId: 'dev-01',
      username: '0ne00000001/registrations/dev-01/api-version=2021-06-01&ClientVersion=rig%2F1%20(x)',
      password: Buffer.from(proof.token),
      clean: true,
    });
    expect(received[5]).toMatchObject({
      topic: '$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=op-1',
    });
  });

  it('sends no password where a certificate is the proof', async () => {
    const { endpoint, received } = await startService(service('202', assigning));
    const reply = await transportTo(endpoint).register({}, { kind: 'none' }, signal);
    expect(reply.retryAfterSeconds).toBeUndefined();
    expect(received[0]).not.toHaveProperty('password');
  });

  it('gives the refusal of a request with all its codes', async () => {
    const body = { errorCode: 429001, message: 'slow down', trackingId: 't' };
    const { endpoint } = await startService(service('429', body, '&retry-after=5'));
    await expect(transportTo(endpoint).register({}, proof, signal)).rejects.toMatchObject({
      ...{ status: 429, errorCode: 429001, retryAfterSeconds: 5, trackingId: 't' },
    });
  });

  it.each([
    [5, 401],
    [4, 401],
    [3, 503],
  ])('takes CONNACK %d for status %d', async (returnCode, status) => {
    const { endpoint } = await startService((_, send) =>
      send({ cmd: 'connack', returnCode, sessionPresent: false }),
    );
    await expect(transportTo(endpoint).register({}, proof, signal)).rejects.toMatchObject({ status });
  });

  const connack: Packet = { cmd: 'connack', returnCode: 0, sessionPresent: false };
  const failures: readonly (readonly [string, Answer, string])[] = [
    ['a refused subscription', refuseSubscription, 'SUBSCRIPTION_REFUSED'],
    ['an answer that is not JSON', service('200', 'nonsense'), 'RESPONSE_NOT_JSON'],
    ['an answer without operationId', service('202', { status: 'assigning' }), 'CODEC'],
    [
      'bytes that are no MQTT',
      (_, __, socket) => socket.write(Buffer.from('ffffffffff', 'hex')),
      'MQTT_MALFORMED',
    ],
    ['a connection that ends', (_, __, socket) => socket.end(), 'ECONNRESET'],
  ];
  it.each(failures)('names %s', async (_, answer, code) => {
    const { endpoint } = await startService(answer);
    await expect(transportTo(endpoint).register({}, proof, signal)).rejects.toMatchObject({ code });
  });

  function refuseSubscription(packet: Packet, send: (packet: Packet) => void): void {
    if (packet.cmd === 'connect') send(connack);
    if (packet.cmd === 'subscribe') send({ cmd: 'suback', messageId: packet.messageId ?? 0, granted: [128] });
  }

  it('gives up at once when it is told to', async () => {
    const { endpoint } = await startService(() => undefined);
    const stop = new AbortController();
    const transport = transportTo(endpoint);
    await transport.connect(signal);
    const registering = transport.register({}, proof, stop.signal);
    stop.abort();
    await expect(registering).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('connects anew for the next request when the service has closed the connection', async () => {
    let isFirst = true;
    const { endpoint, received } = await startService((packet, send, socket) => {
      service('202', assigning)(packet, send, socket);
      if (packet.cmd === 'puback' && isFirst) {
        isFirst = false;
        socket.destroy();
      }
    });
    const transport = transportTo(endpoint);
    await transport.register({}, proof, signal);
    const retried = transport
      .queryOperation('op-1', proof, signal)
      .catch(() => transport.queryOperation('op-1', proof, signal));
    expect(await retried).toMatchObject({ operation: assigning });
    expect(received.filter(({ cmd }) => cmd === 'connect')).toHaveLength(2);
  });
});
