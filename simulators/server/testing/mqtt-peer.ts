import { duplexPair } from 'node:stream';
import { type MqttApplication, type MqttMessage, type MqttSession, serveMqtt } from '../mqtt-connection.ts';

/** Bytes of MQTT 3.1.1 packets, put together by hand from the figures of the standard's sections 3.1 to 3.14. */
export const packets = {
  /** §3.1: level 4, clean session, keep-alive 60, client id `dev`, user name `u`, password `p`. */
  connect: '1015 0004 4d515454 04 c2 003c 0003 646576 0001 75 0001 70',
  /** §3.2: accepted, no session present. */
  connack: '2002 0000',
  /** §3.8: packet 1, filter `a/#`, QoS 1. */
  subscribe: '8208 0001 0003 612f23 01',
  /** §3.9: packet 1, QoS 1 granted. */
  suback: '9003 0001 01',
  /** §3.3: QoS 1, topic `a/b`, packet 10, payload `hi`. */
  publish: '3209 0003 612f62 000a 6869',
  /** §3.4 for it. */
  puback: '4002 000a',
  /** §3.3: the server's own packet 1, the same topic and payload. */
  delivered: '3209 0003 612f62 0001 6869',
  unsubscribe: 'a207 0002 0003 612f23',
  unsuback: 'b002 0002',
  pingreq: 'c000',
  pingresp: 'd000',
  disconnect: 'e000',
} as const;

export const bytesOf = (...hex: readonly string[]): Buffer =>
  Buffer.from(hex.join('').replaceAll(/\s/g, ''), 'hex');

/** A connection to a server in this process that answers every message with itself. */
export function openPeer(session: Partial<MqttSession> = {}, connect?: MqttApplication['connect']) {
  const [client, server] = duplexPair();
  const problems: string[] = [];
  const received: MqttMessage[] = [];
  const seen: Buffer[] = [];
  client.on('data', (chunk: Buffer) => seen.push(chunk));
  client.on('error', () => undefined);
  const ended = new Promise<void>((resolve) => client.once('end', resolve));
  serveMqtt(server, {
    connect:
      connect ??
      (() => ({
        subscribe: (_filter, qos) => qos,
        receive: (message) => {
          received.push(message);
          return [message];
        },
        ...session,
      })),
    onProblem: (reason) => problems.push(reason),
  });
  return {
    client,
    problems,
    received,
    /** Everything the server has sent, once it has nothing more to say. */
    async answerTo(...hex: readonly string[]): Promise<string> {
      client.end(bytesOf(...hex));
      await ended;
      return Buffer.concat(seen).toString('hex');
    },
    /** What was sent until the server ended by itself. */
    async untilClosed(bytes: Buffer): Promise<string> {
      client.write(bytes);
      await ended;
      client.destroy();
      return Buffer.concat(seen).toString('hex');
    },
  };
}
