import type { Packet } from 'mqtt-packet';
import { isMqttText } from './mqtt-topic.ts';

/** What a client must not do: the standard has the server close the connection. */
export class MqttViolation extends Error {
  override readonly name = 'MqttViolation';
}

/** CONNECT as it was checked. */
export interface MqttConnectPacket {
  readonly clientId: string;
  readonly userName: string | undefined;
  readonly password: string | undefined;
  /** 0 for none. */
  readonly keepAliveSeconds: number;
  readonly isCleanSession: boolean;
  readonly will: { readonly topic: string; readonly payload: Buffer } | undefined;
}

const CONNECT_TYPE = 1;
/** Of the fields before the level: two bytes of length and the name. */
const levelOffsets: Readonly<Record<string, number>> = { MQTT: 6, MQIsdp: 8 };

/**
 * The protocol level of a CONNECT.
 *
 * @param frame a whole packet
 * @throws MqttViolation when it is another packet, or of another protocol
 */
export function protocolLevel(frame: Buffer): number {
  if ((frame[0] ?? 0) >> 4 !== CONNECT_TYPE) throw new MqttViolation('[MQTT-3.1.0-1] CONNECT comes first');
  const body = frame.subarray(frame.findIndex((byte, index) => index > 0 && byte < 0x80) + 1);
  const name = body.length < 2 ? '' : body.toString('latin1', 2, 2 + body.readUInt16BE(0));
  const level = body[levelOffsets[name] ?? body.length];
  if (level === undefined) throw new MqttViolation('[MQTT-3.1.2-1] not the protocol MQTT');
  return level;
}

/** @throws MqttViolation */
export function readConnect(packet: Packet): MqttConnectPacket {
  if (packet.cmd !== 'connect') throw new MqttViolation('[MQTT-3.1.0-1] CONNECT comes first');
  const { clientId, username, password, clean, keepalive, will } = packet;
  if (password !== undefined && username === undefined) {
    throw new MqttViolation('[MQTT-3.1.2-22] a password without a user name');
  }
  for (const text of [clientId, username ?? '', will?.topic ?? '']) {
    if (!isMqttText(text)) throw new MqttViolation('[MQTT-1.5.3-1] text that is not UTF-8');
  }
  if (will !== undefined && (will.qos ?? 0) > 2) throw new MqttViolation('[MQTT-3.1.2-14] will of QoS 3');
  return {
    clientId,
    userName: username,
    password: password?.toString('utf8'),
    keepAliveSeconds: keepalive ?? 0,
    isCleanSession: clean ?? false,
    will: will === undefined ? undefined : { topic: will.topic, payload: Buffer.from(will.payload) },
  };
}

/** @throws MqttViolation [MQTT-2.3.1-1]: 0 is none */
export function readPacketId({ messageId }: Packet): number {
  if (messageId === undefined || messageId < 1)
    throw new MqttViolation('[MQTT-2.3.1-1] no packet identifier');
  return messageId;
}

/** By type: PUBACK, PINGREQ and DISCONNECT. */
const lengths: Readonly<Record<number, number>> = { 4: 4, 12: 2, 14: 2 };

/** Packets that have no room for anything more. @throws MqttViolation */
export function checkLength(frame: Buffer): void {
  const type = (frame[0] ?? 0) >> 4;
  const length = lengths[type] ?? frame.length;
  if (frame.length !== length) throw new MqttViolation(`a packet of type ${type} has ${length} bytes`);
}
