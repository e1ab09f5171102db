import { once } from 'node:events';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { generate } from 'mqtt-packet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type RunningDps, startDps } from '../../simulators/index.ts';
import { openRaw, requestText } from '../support/raw-https.ts';

const versions = ['TLSv1.2', 'TLSv1.3'] as const;

describe('several protocols on one port', () => {
  let dps: RunningDps;
  beforeAll(async () => {
    dps = await startDps();
  });
  afterAll(() => dps[Symbol.asyncDispose]());

  const anyRequest = () =>
    requestText('PUT', `/${dps.idScope}/registrations/dev-01/register`, { body: '{}' });

  async function shakeHands(port: number, options: ConnectionOptions): Promise<TLSSocket> {
    const { address, hostName } = dps.https;
    const socket = connect({ host: address, port, servername: hostName, ca: dps.caPem, ...options });
    await once(socket, 'secureConnect');
    return socket;
  }

  describe.each(versions)('over %s', (version) => {
    const only = { minVersion: version, maxVersion: version };

    it.each([
      ['http/1.1 alone', ['http/1.1'], 'http/1.1'],
      ['HTTP/2 before it', ['h2', 'http/1.1'], 'http/1.1'],
      ['names nobody knows before it', ['spdy/3.1', 'x-unknown', 'http/1.1'], 'http/1.1'],
      ['no list at all', undefined, false],
    ])('HTTPS is served to a client that offers %s', async (_what, offered, chosen) => {
      const alpn = offered === undefined ? {} : { ALPNProtocols: offered };
      await using connection = await openRaw(dps, { ...only, ...alpn });
      expect(connection.socket.alpnProtocol).toBe(chosen);
      expect((await connection.send(anyRequest())).status).toBe(400); // no api-version: the service's own answer
    });

    it.each([['h2'], ['mqtt'], ['amqp'], ['x-amzn-mqtt-ca'], ['http/1.0'], ['HTTP/1.1']])(
      'HTTPS refuses a client that offers %s alone, and serves the next',
      async (name) => {
        await expect(shakeHands(dps.https.port, { ...only, ALPNProtocols: [name] })).rejects.toMatchObject({
          code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
        });
        await using connection = await openRaw(dps, only);
        expect((await connection.send(anyRequest())).status).toBe(400);
      },
    );

    it.each(['mqtt', 'amqp'] as const)('the port of %s passes over what is offered', async (protocol) => {
      for (const offered of [['h2', 'http/1.1'], ['mqtt'], ['amqp'], ['x-amzn-mqtt-ca']]) {
        const socket = await shakeHands(dps[protocol].port, { ...only, ALPNProtocols: offered });
        expect(socket.alpnProtocol).toBe(false);
        socket.destroy();
      }
    });

    it.each([
      ['no name', ''],
      ['a name that is not ours', 'nobody.example'],
      ['the name of a hub', 'hub-1.azure-devices.net'],
    ])('a client that asks by SNI for %s gets the one certificate', async (_what, servername) => {
      const serialOf = (socket: TLSSocket) => socket.getPeerX509Certificate()?.serialNumber;
      const usual = await shakeHands(dps.https.port, only);
      const serial = serialOf(usual);
      usual.destroy();
      expect(serial).toMatch(/^[0-9A-F]+$/);
      for (const { port } of [dps.https, dps.mqtt, dps.amqp]) {
        const checkServerIdentity = () => undefined;
        const socket = await shakeHands(port, { ...only, servername, checkServerIdentity });
        expect(serialOf(socket)).toBe(serial);
        socket.destroy();
      }
    });
  });

  it.each([
    ['mqtt', ['h2', 'http/1.1']],
    ['MQTT', ['http/1.1']],
    ['AMQPWSB10', ['h2', 'http/1.1']],
  ])('the subprotocol %s says what is in a WebSocket, whatever ALPN chose', async (subprotocol, offered) => {
    const { address, port, hostName } = dps.https;
    const socket = await shakeHands(port, { ALPNProtocols: offered });
    const webSocket = new WebSocket(`wss://${hostName}:${port}/$iothub/websocket`, subprotocol, {
      createConnection: () => socket,
    });
    await once(webSocket, 'open');
    expect([webSocket.protocol, socket.remoteAddress]).toEqual([subprotocol, address]);
    const answered = once(webSocket, 'message');
    webSocket.send(subprotocol === 'AMQPWSB10' ? amqpHeader : mqttConnect());
    expect((await firstBytes(answered)).subarray(0, 4)).toEqual(
      subprotocol === 'AMQPWSB10' ? amqpHeader.subarray(0, 4) : Buffer.from([0x20, 0x02, 0x00, 0x05]),
    );
    webSocket.terminate();
  });

  it.each([
    ['MQTT', () => mqttConnect()],
    ['AMQP', () => amqpHeader],
  ])('%s without a WebSocket is no HTTP on the port of HTTPS: refused, and closed', async (_what, bytes) => {
    await using connection = await openRaw(dps);
    const { status, headers } = await connection.send(bytes());
    expect([status, headers.get('connection')]).toEqual([400, 'close']);
    await connection.closed();
  });
});

/** Protocol header of the SASL layer. */
const amqpHeader = Buffer.from([0x41, 0x4d, 0x51, 0x50, 3, 1, 0, 0]);

/** CONNECT of a device that nobody enrolled: CONNACK 5 says that MQTT was understood. */
const mqttConnect = (): Buffer =>
  generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    clientId: 'nobody',
    keepalive: 60,
    username: '0ne00000000/registrations/nobody/api-version=2021-06-01',
    password: Buffer.from('none'),
  });

async function firstBytes(message: Promise<unknown[]>): Promise<Buffer> {
  const [bytes] = await message;
  if (!Buffer.isBuffer(bytes)) throw new TypeError('expected a binary message');
  return bytes;
}
