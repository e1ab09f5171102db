import type { Duplex } from 'node:stream';
import { generate, type Packet, parser } from 'mqtt-packet';
import { abortError, untilAborted } from '../kernel/deadline.ts';
import { type RigError, TransportError } from '../kernel/errors.ts';
import { GatheredWrites } from '../kernel/gathered-writes.ts';
import { currentTap, shownBody, shownText, tellWire, type WireDetail } from '../kernel/wire-log.ts';
import { returnCodes, SUBSCRIPTION_REFUSED } from '../wire/mqtt.ts';

export interface MqttIdentity {
  readonly clientId: string;
  readonly userName: string;
  /** Absent where a certificate is the proof. */
  readonly password: string | undefined;
}

export interface MqttMessage {
  readonly topic: string;
  readonly payload: Buffer;
}

/** As the official Node SDK: below the four minutes after which Azure's load balancer forgets a connection. */
const KEEP_ALIVE_SECONDS = 180;
/** How long a peer may take to close its end. */
const CLOSE_TIMEOUT_MS = 1_000;

function tellPacket(direction: '>' | '<', packet: Packet): WireDetail {
  const text = `${direction} ${packet.cmd.toUpperCase()}`;
  switch (packet.cmd) {
    case 'connect':
      return {
        text: `${text} ${shownText(packet.clientId)}`,
        fields: {
          username: shownText(packet.username ?? ''),
          password: shownText(packet.password?.toString() ?? ''),
        },
      };
    case 'connack':
      return { text: `${text} ${packet.returnCode ?? ''}` };
    case 'publish':
      return { text: `${text} ${shownText(packet.topic)}`, fields: shownBody(packet.payload.toString()) };
    case 'subscribe':
      return { text: `${text} ${packet.subscriptions.map(({ topic }) => shownText(topic)).join(', ')}` };
    default:
      return { text };
  }
}

/** One MQTT 3.1.1 connection of one device, over a stream that is secure already. One request at a time. */
export class MqttSession {
  readonly #tap = currentTap();
  readonly #stream: Duplex;
  readonly #writes: GatheredWrites;
  readonly #keepAlive: NodeJS.Timeout;
  /** What is waited for: looks at each packet, and gives a value when it is the one. */
  #waiting:
    | { readonly look: (packet: Packet) => unknown; readonly found: PromiseWithResolvers<unknown> }
    | undefined;
  /** Made into an error only for those who wait: every connection ends, and a stack trace costs as much as a packet. */
  #failure: (() => RigError) | undefined;
  #packetId = 0;
  #isPingOpen = false;

  constructor(stream: Duplex) {
    this.#stream = stream;
    this.#writes = new GatheredWrites(stream);
    const packets = parser({ protocolVersion: 4 });
    packets.on('packet', (packet: Packet) => this.#take(packet));
    packets.on('error', (cause: Error) => this.#fail(() => malformed(cause)));
    stream.on('data', (chunk: Buffer) => packets.parse(chunk));
    stream.on('error', (cause: NodeJS.ErrnoException) => {
      this.#fail(() => new TransportError('receive', cause.code ?? 'MQTT_FAILED', cause.message, { cause }));
    });
    stream.once('close', () => this.#fail(closedByPeer));
    stream.once('end', () => this.#fail(closedByPeer));
    this.#keepAlive = setInterval(() => this.#ping(), KEEP_ALIVE_SECONDS * 1000);
    this.#keepAlive.unref();
  }

  get usable(): boolean {
    return this.#failure === undefined && !this.#stream.destroyed;
  }

  /** CONNECT. @returns the return code, see {@link connackRefusal} */
  async connect({ clientId, userName, password }: MqttIdentity, signal: AbortSignal): Promise<number> {
    return this.#exchange(
      {
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clean: true,
        clientId,
        keepalive: KEEP_ALIVE_SECONDS,
        username: userName,
        ...(password === undefined ? {} : { password: Buffer.from(password) }),
      },
      (packet) => (packet.cmd === 'connack' ? packet.returnCode : undefined),
      signal,
    );
  }

  /** SUBSCRIBE with QoS 1. @throws TransportError `SUBSCRIPTION_REFUSED` */
  async subscribe(filter: string, signal: AbortSignal): Promise<void> {
    const messageId = this.#nextId();
    const [granted] = await this.#exchange(
      { cmd: 'subscribe', messageId, subscriptions: [{ topic: filter, qos: 1 }] },
      (packet) => (packet.cmd === 'suback' && packet.messageId === messageId ? packet.granted : undefined),
      signal,
    );
    if (granted !== SUBSCRIPTION_REFUSED) return;
    throw new TransportError(
      'receive',
      'SUBSCRIPTION_REFUSED',
      `the service refused to subscribe to ${filter}`,
    );
  }

  /** PUBLISH with QoS 1, until it is acknowledged. */
  async publish({ topic, payload }: MqttMessage, signal: AbortSignal): Promise<void> {
    const messageId = this.#nextId();
    await this.#exchange(
      { cmd: 'publish', topic, payload, qos: 1, dup: false, retain: false, messageId },
      (packet) => (packet.cmd === 'puback' && packet.messageId === messageId ? messageId : undefined),
      signal,
    );
  }

  /** PUBLISH with QoS 1, and the message that answers it. @param isAnswer by its topic */
  async request(
    message: MqttMessage,
    isAnswer: (topic: string) => boolean,
    signal: AbortSignal,
  ): Promise<MqttMessage> {
    const { topic, payload } = message;
    return this.#exchange(
      { cmd: 'publish', topic, payload, qos: 1, dup: false, retain: false, messageId: this.#nextId() },
      (packet) =>
        packet.cmd === 'publish' && isAnswer(packet.topic)
          ? { topic: packet.topic, payload: Buffer.from(packet.payload) }
          : undefined,
      signal,
    );
  }

  /** DISCONNECT, and the end of the connection. */
  async close(): Promise<void> {
    clearInterval(this.#keepAlive);
    if (this.#stream.destroyed) return;
    const closed = Promise.withResolvers<void>();
    this.#stream.once('close', closed.resolve);
    const timer = setTimeout(() => this.#stream.destroy(), CLOSE_TIMEOUT_MS);
    if (this.usable) this.#write({ cmd: 'disconnect' });
    this.#writes.flush();
    this.#stream.end();
    this.#stream.resume();
    await closed.promise;
    clearTimeout(timer);
  }

  async #exchange<T>(
    packet: Packet,
    look: (packet: Packet) => T | undefined,
    signal: AbortSignal,
  ): Promise<T> {
    if (signal.aborted) throw abortError(signal);
    if (this.#failure !== undefined) throw this.#failure();
    const found = Promise.withResolvers<unknown>();
    this.#waiting = { look, found };
    this.#write(packet);
    try {
      return (await untilAborted(found.promise, signal)) as T;
    } catch (error) {
      this.#stream.destroy();
      throw error;
    } finally {
      this.#waiting = undefined;
    }
  }

  #take(packet: Packet): void {
    tellWire(this.#tap, 'mqtt', () => tellPacket('<', packet));
    this.#isPingOpen = packet.cmd === 'pingresp' ? false : this.#isPingOpen;
    if (packet.cmd === 'publish' && packet.qos === 1)
      this.#writes.hold(generate({ cmd: 'puback', messageId: packet.messageId ?? 0 }));
    const waiting = this.#waiting;
    const value = waiting?.look(packet);
    if (value !== undefined) waiting?.found.resolve(value);
  }

  /** A second question while the first is unanswered would mean that nobody is there. */
  #ping(): void {
    if (this.#isPingOpen) {
      this.#fail(() => new TransportError('receive', 'KEEP_ALIVE', 'the service does not answer PINGREQ'));
      this.#stream.destroy();
      return;
    }
    this.#isPingOpen = true;
    this.#write({ cmd: 'pingreq' });
  }

  #write(packet: Packet): void {
    tellWire(this.#tap, 'mqtt', () => tellPacket('>', packet));
    this.#writes.write(generate(packet));
  }

  #nextId(): number {
    this.#packetId = (this.#packetId % 0xffff) + 1;
    return this.#packetId;
  }

  #fail(failure: () => RigError): void {
    clearInterval(this.#keepAlive);
    this.#failure ??= failure;
    this.#waiting?.found.reject(this.#failure());
  }
}

const closedByPeer = (): TransportError =>
  new TransportError('receive', 'ECONNRESET', 'the service closed the MQTT connection');

const malformed = (cause: Error): TransportError =>
  new TransportError('receive', 'MQTT_MALFORMED', `no MQTT packet: ${cause.message}`, { cause });

/** A refusal in the terms of HTTPS, or undefined: CONNACK carries no more than its code. */
export function connackRefusal(
  returnCode: number,
): { readonly status: number; readonly message: string } | undefined {
  if (returnCode === returnCodes.accepted) return undefined;
  const status = returnCode === returnCodes.serverUnavailable ? 503 : 401;
  return { status, message: `refused with CONNACK return code ${returnCode}` };
}
