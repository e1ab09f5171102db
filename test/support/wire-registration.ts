import { createHash } from 'node:crypto';
import { generate, type Packet } from 'mqtt-packet';
import type { RunningDps } from '../../simulators/index.ts';
import recording from '../vectors/amqp/node-sdk-symmetric-key.json' with { type: 'json' };
import { deviceToken } from './device-tokens.ts';
import { requestText } from './raw-https.ts';

/** Where an emulator listens, and whom it presents itself as. */
export type WireTarget = Pick<RunningDps, 'https' | 'mqtt' | 'amqp' | 'caPem'>;

export const wireTransports = ['https', 'mqtt', 'mqtt-ws', 'amqp', 'amqp-ws'] as const;
export type WireTransport = (typeof wireTransports)[number];

/** What a client writes after its TLS handshake. */
export interface WireRegistration {
  /** Everything up to the request to register, in the pieces in which a client writes it. */
  readonly pieces: readonly Buffer[];
  readonly goodbye: Buffer;
}

/** The device of a recorded AMQP client, so that the recorded bytes can be sent as they are. */
export const wireDevice = {
  idScope: recording.idScope,
  registrationId: recording.registrationId,
  key: createHash('sha256').update('the device of the wire').digest(),
};

/** The bytes of one registration by symmetric key. The answer to it holds the text `assigning`, whatever the transport. */
export function wireRegistration(transport: WireTransport): WireRegistration {
  switch (transport) {
    case 'https':
      return { pieces: [httpsRequest()], goodbye: Buffer.alloc(0) };
    case 'mqtt':
      return mqttPackets();
    case 'amqp':
      return amqpFrames();
    case 'mqtt-ws':
      return inWebSocket('mqtt', mqttPackets());
    case 'amqp-ws':
      return inWebSocket('AMQPWSB10', amqpFrames());
  }
}

export const portOf = (transport: WireTransport, { https, mqtt, amqp }: WireTarget): number =>
  ({ https, mqtt, amqp, 'mqtt-ws': https, 'amqp-ws': https })[transport].port;

const address = `${wireDevice.idScope}/registrations/${wireDevice.registrationId}`;

function httpsRequest(): Buffer {
  const path = `/${address}/register?api-version=2021-06-01`;
  const body = JSON.stringify({ registrationId: wireDevice.registrationId });
  return Buffer.from(requestText('PUT', path, { body, headers: { Authorization: deviceToken(wireDevice) } }));
}

function mqttPackets(): WireRegistration {
  const connect: Packet = {
    ...{ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, keepalive: 60 },
    clientId: wireDevice.registrationId,
    username: `${address}/api-version=2019-03-31`,
    password: Buffer.from(deviceToken(wireDevice)),
  };
  const subscribe: Packet = {
    ...{ cmd: 'subscribe', messageId: 1 },
    subscriptions: [{ topic: '$dps/registrations/res/#', qos: 1 }],
  };
  const register: Packet = {
    ...{ cmd: 'publish', messageId: 2, qos: 1, dup: false, retain: false },
    topic: '$dps/registrations/PUT/iotdps-register/?$rid=1',
    payload: JSON.stringify({ registrationId: wireDevice.registrationId }),
  };
  return {
    pieces: [connect, subscribe, register].map((packet) => generate(packet)),
    goodbye: generate({ cmd: 'disconnect' }),
  };
}

/** As the Node SDK wrote them, but for the token, which has expired since. */
function amqpFrames(): WireRegistration {
  const sent = recording.steps.filter(({ from }) => from === 'client');
  const upToRegister = sent.slice(0, sent.findIndex(({ what }) => what === 'transfer') + 1);
  const pieces = upToRegister.map(({ what, hex }) =>
    what === 'sasl-init' ? saslInit(deviceToken(wireDevice)) : Buffer.from(hex, 'hex'),
  );
  return { pieces, goodbye: Buffer.from('0000000c0200000000531845', 'hex') }; // close
}

/** AMQP 1.0 §5.3.3.2: mechanism PLAIN, then the response of RFC 4616. */
function saslInit(password: string): Buffer {
  const response = Buffer.from(`\0${address}\0${password}`);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(response.length);
  const fields = Buffer.concat([Buffer.from('a305504c41494eb0', 'hex'), length, response]);
  const head = Buffer.from('000000000201000000 5341d0 00000000 00000002'.replaceAll(' ', ''), 'hex');
  head.writeUInt32BE(head.length + fields.length, 0);
  head.writeUInt32BE(fields.length + 4, 12);
  return Buffer.concat([head, fields]);
}

function inWebSocket(subprotocol: string, { pieces, goodbye }: WireRegistration): WireRegistration {
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Protocol': subprotocol,
  };
  const upgrade = Buffer.from(requestText('GET', '/$iothub/websocket', { headers }));
  const end = Buffer.from('888000000000', 'hex');
  return {
    pieces: [upgrade, ...pieces.map(webSocketFrame)],
    goodbye: Buffer.concat([webSocketFrame(goodbye), end]),
  };
}

/** RFC 6455 §5.2: a binary message, under the mask of zeros. */
function webSocketFrame(payload: Buffer): Buffer {
  const isShort = payload.length < 126;
  const head = Buffer.alloc(isShort ? 6 : 8);
  head[0] = 0x82;
  head[1] = 0x80 | (isShort ? payload.length : 126);
  if (!isShort) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}
