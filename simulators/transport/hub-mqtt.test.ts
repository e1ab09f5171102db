import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { generate, type Packet, parser } from 'mqtt-packet';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestPki } from '../pki/test-pki.ts';
import { createHubMqttTransport } from './hub-mqtt.ts';

const pki = await createTestPki();
const certificate = await pki.issueServerCertificate({ names: ['hub.example'] });
const sas = { kind: 'sas', token: 'SharedAccessSignature sr=x' } as const;
const { signal } = new AbortController();
const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

/** A transport to a real TLS server that answers packets as a test wants, and what that received. */
async function hubThat(answer: (packet: Packet, socket: TLSSocket) => Packet | undefined) {
  const received: Packet[] = [];
  const server = createServer({ cert: certificate.chainPem, key: certificate.privateKeyPem }, (socket) => {
    const packets = parser({ protocolVersion: 4 });
    packets.on('packet', (packet: Packet) => {
      received.push(packet);
      const reply = answer(packet, socket);
      if (reply !== undefined) socket.write(generate(reply));
    });
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => packets.parse(chunk));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port: mqttPort } = server.address() as AddressInfo;
  const where = { hostName: 'hub.example', address: '127.0.0.1', port: 1, mqttPort };
  const transport = createHubMqttTransport(
    { ...where, caPem: pki.bundle.rootPem },
    { hub: 'hub.example', deviceId: 'dev:01', userAgent: 'rig/1 (x)' },
  );
  open.push(
    () => transport.close(),
    () => new Promise((resolve) => server.close(resolve)),
  );
  return { transport, received };
}

const connack = (returnCode: number): Packet => ({ cmd: 'connack', returnCode, sessionPresent: false });
const acknowledging = (packet: Packet): Packet | undefined => {
  if (packet.cmd === 'connect') return connack(0);
  return packet.cmd === 'publish' ? { cmd: 'puback', messageId: packet.messageId ?? 0 } : undefined;
};

describe('MQTT transport to a hub', () => {
  it('signs in as the published page says, and sends telemetry with its properties in the topic', async () => {
    const { transport, received } = await hubThat(acknowledging);
    await transport.connect(sas, signal);
    await transport.sendTelemetry({ body: '{"t":"°"}', properties: { id: 'a/b c', x: '1' } }, signal);
    expect(received).toMatchObject([
      {
        cmd: 'connect',
        clientId: 'dev:01',
        username: 'hub.example/dev:01/?api-version=2021-04-12&DeviceClientType=rig%2F1%20(x)',
        password: Buffer.from(sas.token),
      },
      {
        cmd: 'publish',
        qos: 1,
        topic: 'devices/dev:01/messages/events/id=a%2Fb%20c&x=1',
        payload: Buffer.from('{"t":"°"}'),
      },
    ]);
  });

  it('sends no password where a certificate is the proof', async () => {
    const { transport, received } = await hubThat(acknowledging);
    await transport.connect({ kind: 'none' }, signal);
    expect(received).toMatchObject([{ cmd: 'connect' }]);
    expect(received[0]).not.toHaveProperty('password');
  });

  it.each([
    [5, 401],
    [4, 401],
    [3, 503],
  ])('takes return code %i for a refusal of the hub with status %i', async (returnCode, status) => {
    const { transport } = await hubThat(() => connack(returnCode));
    await expect(transport.connect(sas, signal)).rejects.toMatchObject({
      name: 'HubServiceError',
      status,
      message: expect.stringContaining(`return code ${returnCode}`) as unknown,
    });
  });

  it('fails when the hub closes instead of acknowledging', async () => {
    const { transport } = await hubThat((packet, socket) => {
      if (packet.cmd === 'connect') return connack(0);
      socket.end();
      return undefined;
    });
    await transport.connect(sas, signal);
    await expect(transport.sendTelemetry({ body: 'x', properties: {} }, signal)).rejects.toMatchObject({
      phase: 'receive',
      code: 'ECONNRESET',
    });
  });

  it('waits for an acknowledgement no longer than its signal', async () => {
    const { transport } = await hubThat((packet) => (packet.cmd === 'connect' ? connack(0) : undefined));
    await transport.connect(sas, signal);
    const giveUp = new AbortController();
    const sending = transport.sendTelemetry({ body: 'x', properties: {} }, giveUp.signal);
    giveUp.abort();
    await expect(sending).rejects.toMatchObject({ phase: 'aborted' });
  });
});
