import type { Duplex } from 'node:stream';
import { generate, type Packet, type Parser, parser } from 'mqtt-packet';
import { toError } from '../kernel/errors.ts';
import { returnCodes, SUBSCRIPTION_REFUSED } from '../wire/mqtt.ts';
import { LINGER_MS } from './close-gently.ts';
import { MqttFrames } from './mqtt-frames.ts';
import {
  checkLength,
  type MqttConnectPacket,
  MqttViolation,
  protocolLevel,
  readConnect,
  readPacketId,
} from './mqtt-rules.ts';
import { filterMatches, isTopicFilter, isTopicName } from './mqtt-topic.ts';

export type { MqttConnectPacket } from './mqtt-rules.ts';

export interface MqttMessage {
  readonly topic: string;
  readonly payload: Buffer;
  /** Asked of us by a client; nothing is ever retained here. */
  readonly isRetained?: boolean;
}

/** What a service decides for one client that it let in. */
export interface MqttSession {
  /** @returns the QoS granted, or 0x80 for a filter that is refused */
  subscribe(filter: string, qos: 0 | 1): 0 | 1 | typeof SUBSCRIPTION_REFUSED;
  /** What follows from a message: answers, which go out after its PUBACK, or the end of the connection. */
  receive(message: MqttMessage): readonly MqttMessage[] | { readonly close: string };
  /** The connection is gone; told once. */
  closed?(reason: 'disconnect' | 'lost'): void;
}

/** The way to a client for what it did not ask for. */
export interface MqttPeer {
  /** Delivered with the QoS that was granted, and not at all where no subscription matches. */
  send(message: MqttMessage): void;
  close(reason: string): void;
}

export interface MqttApplication {
  /** @returns who speaks from now on, or the return code of the refusal */
  connect(packet: MqttConnectPacket, peer: MqttPeer): MqttSession | { readonly refused: 2 | 3 | 4 | 5 };
  /** What the peer did against the standard, or what broke, in words for an operator. */
  onProblem?(reason: string): void;
}

/** Makes what serves one connection, TLS or WebSocket. @param chain the client's certificates, DER, leaf first */
export type OpenMqttApplication = (chain: readonly Uint8Array[]) => MqttApplication;

/** The largest message of IoT Hub, 256 KB, and room for its topic. */
const MAX_PACKET_BYTES = 256 * 1024 + 66 * 1024;
const CONNECT_TIMEOUT_MS = 30_000;
/** What a client that names no keep-alive gets: the longest that IoT Hub allows. */
const LONGEST_KEEP_ALIVE_SECONDS = 1177;
/** How long a peer may let our answers wait. */
const SEND_TIMEOUT_MS = 30_000;
/** Deliveries that a client has not acknowledged. */
const MAX_IN_FLIGHT = 1_000;

/**
 * Serves MQTT 3.1.1 on a stream that is secure already, until it closes. Whatever a peer sends, the worst that happens
 * is that its own connection ends: the standard has no other answer to an error.
 */
export function serveMqtt(stream: Duplex, application: MqttApplication): void {
  new MqttConnection(stream, application);
}

class MqttConnection implements MqttPeer {
  readonly #stream: Duplex;
  readonly #application: MqttApplication;
  readonly #frames = new MqttFrames(MAX_PACKET_BYTES);
  readonly #parser: Parser = parser({ protocolVersion: 4 });
  readonly #subscriptions = new Map<string, 0 | 1>();
  readonly #inFlight = new Set<number>();
  #packetId = 0;
  #session: MqttSession | undefined;
  #silenceTimer: NodeJS.Timeout;
  #sendTimer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(stream: Duplex, application: MqttApplication) {
    this.#stream = stream;
    this.#application = application;
    this.#silenceTimer = setTimeout(() => this.close('no CONNECT in time'), CONNECT_TIMEOUT_MS);
    this.#parser.on('packet', (packet) => this.#take(packet));
    this.#parser.on('error', (error: Error) => {
      throw new MqttViolation(error.message);
    });
    stream.on('data', (chunk: Buffer) => this.#read(chunk));
    stream.on('error', () => stream.destroy());
    stream.once('end', () => {
      if (!stream.writableEnded) stream.end(); // Node makes an error of a second end
    });
    stream.once('close', () => this.#gone('lost'));
  }

  send(message: MqttMessage): void {
    this.#write(...this.#publications(message));
  }

  close(reason: string): void {
    if (this.#ended) return;
    this.#application.onProblem?.(reason);
    this.#end();
  }

  #read(chunk: Buffer): void {
    try {
      for (const frame of this.#frames.push(chunk)) {
        if (this.#ended) return; // what follows a packet that ended the connection
        if (this.#session === undefined && !this.#speaksOurVersion(frame)) return;
        checkLength(frame);
        this.#parser.parse(frame);
      }
    } catch (thrown) {
      this.close(toError(thrown).message);
    }
  }

  /** The library knows other versions, and throws for those that it does not know. @see [MQTT-3.1.2-2] */
  #speaksOurVersion(frame: Buffer): boolean {
    const level = protocolLevel(frame);
    if (level === 4) return true;
    this.#application.onProblem?.(`protocol level ${level}, 4 is spoken here`);
    this.#write({
      cmd: 'connack',
      returnCode: returnCodes.unacceptableProtocolVersion,
      sessionPresent: false,
    });
    this.#end();
    return false;
  }

  #take(packet: Packet): void {
    this.#silenceTimer.refresh();
    const session = this.#session;
    if (session === undefined) {
      this.#connect(readConnect(packet));
      return;
    }
    switch (packet.cmd) {
      case 'publish':
        this.#publish(session, packet);
        return;
      case 'puback':
        this.#inFlight.delete(readPacketId(packet));
        return;
      case 'subscribe':
        this.#subscribe(session, packet);
        return;
      case 'unsubscribe': {
        const messageId = readPacketId(packet);
        if (packet.unsubscriptions.length === 0) throw new MqttViolation('[MQTT-3.10.3-2] no topic filter');
        for (const filter of packet.unsubscriptions) this.#subscriptions.delete(filter);
        this.#write({ cmd: 'unsuback', messageId, granted: [] });
        return;
      }
      case 'pingreq':
        this.#write({ cmd: 'pingresp' });
        return;
      case 'disconnect':
        this.#gone('disconnect');
        this.#end();
        return;
      case 'connect':
        throw new MqttViolation('[MQTT-3.1.0-2] a second CONNECT');
      default:
        throw new MqttViolation(`${packet.cmd} is not for a client to send here`);
    }
  }

  #connect(packet: MqttConnectPacket): void {
    const decision = this.#application.connect(packet, this);
    const refused = 'refused' in decision;
    const returnCode = refused ? decision.refused : returnCodes.accepted;
    // Never a session of before: the C# SDK takes another answer for a failure.
    this.#write({ cmd: 'connack', returnCode, sessionPresent: false });
    if (refused) {
      this.#end();
      return;
    }
    this.#session = decision;
    const seconds = packet.keepAliveSeconds || LONGEST_KEEP_ALIVE_SECONDS;
    clearTimeout(this.#silenceTimer);
    // [MQTT-3.1.2-24]: one and a half times the keep-alive
    this.#silenceTimer = setTimeout(() => this.close('nothing within the keep-alive'), seconds * 1500);
  }

  #publish(session: MqttSession, packet: Extract<Packet, { cmd: 'publish' }>): void {
    const { topic, qos } = packet;
    if (!isTopicName(topic)) throw new MqttViolation('[MQTT-3.3.2-2] no topic name');
    if (qos === 0 && packet.dup) throw new MqttViolation('[MQTT-3.3.1-2] DUP with QoS 0');
    if (qos === 2) throw new MqttViolation('QoS 2 is not supported');
    const messageId = qos === 0 ? undefined : readPacketId(packet);
    const outcome = session.receive({
      ...{ topic, payload: Buffer.from(packet.payload) },
      ...(packet.retain ? { isRetained: true } : {}),
    });
    if ('close' in outcome) {
      this.close(outcome.close);
      return;
    }
    // First of all, as the C# SDK takes nothing else after its own message.
    const acknowledgement: Packet[] = messageId === undefined ? [] : [{ cmd: 'puback', messageId }];
    this.#write(...acknowledgement, ...outcome.flatMap((answer) => this.#publications(answer)));
  }

  /** The packet that carries a message to the peer; none when it did not subscribe to that. */
  #publications({ topic, payload }: MqttMessage): Packet[] {
    const qos = this.#grantedFor(topic);
    if (qos === undefined) return [];
    const common = { cmd: 'publish', topic, payload, dup: false, retain: false } as const;
    if (qos === 0) return [{ ...common, qos }];
    if (this.#inFlight.size >= MAX_IN_FLIGHT) {
      this.close(`${MAX_IN_FLIGHT} messages are not acknowledged`);
      return [];
    }
    do this.#packetId = (this.#packetId % 0xffff) + 1;
    while (this.#inFlight.has(this.#packetId));
    this.#inFlight.add(this.#packetId);
    return [{ ...common, qos, messageId: this.#packetId }];
  }

  #subscribe(session: MqttSession, packet: Extract<Packet, { cmd: 'subscribe' }>): void {
    const messageId = readPacketId(packet);
    if (packet.subscriptions.length === 0) throw new MqttViolation('[MQTT-3.8.3-3] no topic filter');
    const granted = packet.subscriptions.map(({ topic, qos }) => {
      if (!isTopicFilter(topic)) throw new MqttViolation('[MQTT-4.7.1-2] malformed topic filter');
      const answer = session.subscribe(topic, qos === 0 ? 0 : 1);
      if (answer !== SUBSCRIPTION_REFUSED) this.#subscriptions.set(topic, answer);
      return answer;
    });
    this.#write({ cmd: 'suback', messageId, granted });
  }

  #grantedFor(topic: string): 0 | 1 | undefined {
    let granted: 0 | 1 | undefined;
    for (const [filter, qos] of this.#subscriptions) {
      if (granted !== 1 && filterMatches(filter, topic)) granted = qos;
    }
    return granted;
  }

  /** All in one piece: one TLS record, one WebSocket message. */
  #write(...packets: readonly Packet[]): void {
    if (packets.length === 0 || this.#ended || this.#stream.destroyed) return;
    const taken = this.#stream.write(Buffer.concat(packets.map((packet) => generate(packet))));
    if (taken || this.#sendTimer !== undefined) return;
    // Who does not read gets no more questions answered until it does.
    this.#stream.pause();
    this.#sendTimer = setTimeout(() => this.#stream.destroy(), SEND_TIMEOUT_MS);
    this.#stream.once('drain', () => {
      clearTimeout(this.#sendTimer);
      this.#sendTimer = undefined;
      this.#stream.resume();
    });
  }

  /** What is written goes out; what comes in is not looked at any more. */
  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#silenceTimer);
    this.#silenceTimer = setTimeout(() => this.#stream.destroy(), LINGER_MS);
    this.#stream.resume();
    this.#stream.end();
  }

  #gone(reason: 'disconnect' | 'lost'): void {
    const session = this.#session;
    this.#session = undefined;
    if (reason === 'lost') {
      this.#ended = true;
      clearTimeout(this.#silenceTimer);
      clearTimeout(this.#sendTimer);
    }
    session?.closed?.(reason);
  }
}
