import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import rhea, {
  type Connection,
  type ConnectionOptions,
  type Delivery,
  type EventContext,
  type Message,
  type Sender,
} from 'rhea';
import { abortError, untilAborted } from '../kernel/deadline.ts';
import { type RigError, TransportError, toError } from '../kernel/errors.ts';
import { GatheredWrites } from '../kernel/gathered-writes.ts';
import { currentTap, shownBody, shownText, tellWire, type WireDetail } from '../kernel/wire-log.ts';
import { amqpServiceError } from './amqp-answer.ts';
import type { SaslClientMechanism } from './amqp-tpm-mechanism.ts';

export interface AmqpSessionOptions {
  readonly hostName: string;
  readonly containerId: string;
  /** Of both links. */
  readonly address: string;
  /** Whether there is a link for replies. Default true. */
  readonly receives?: boolean;
  readonly linkProperties: Readonly<Record<string, string>>;
  /** By name; without any the connection begins with AMQP itself, and the certificate is the proof. */
  readonly mechanisms: Readonly<Record<string, SaslClientMechanism>> | undefined;
}

const tellMessage = (text: string, { application_properties: properties, body }: Message): WireDetail => ({
  text,
  fields: {
    ...Object.fromEntries(
      Object.entries(properties ?? {}).map(([name, value]) => [name, shownText(String(value))]),
    ),
    ...shownBody(bodyText(body)),
  },
});

/** rhea gives Data sections as an object with their bytes. */
function bodyText(body: unknown): string {
  const content = typeof body === 'object' && body !== null && 'content' in body ? body.content : body;
  if (content instanceof Uint8Array) return Buffer.from(content).toString();
  return typeof content === 'string' ? content : '';
}

/** How long a peer may take to say goodbye. */
const CLOSE_TIMEOUT_MS = 1_000;
const MAX_FRAME_BYTES = 64 * 1024;
/** Of a whole connection: a registration takes a few KiB, and rhea would gather a frame of any size. */
const MAX_RECEIVED_BYTES = 4 * 1024 * 1024;

/** One AMQP connection of one device with a link each way, over a stream that is secure already. */
export class AmqpSession {
  readonly #tap = currentTap();
  readonly #stream: Duplex;
  readonly #connection: Connection;
  readonly #sender: Sender;
  /** Settles when messages can be sent, or with what kept that from happening. */
  readonly #ready = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #senders = new Map<string, Sender>();
  /** Messages without a reply, until they are settled. */
  readonly #posted = new Map<Delivery, PromiseWithResolvers<void>>();
  #isReady = false;
  /** Made into an error only for those who wait: every connection ends, and a stack trace costs as much as a frame. */
  #failure: (() => RigError) | undefined;
  #awaited: { readonly id: string; readonly reply: PromiseWithResolvers<Message> } | undefined;
  #requests = 0;

  constructor(stream: Duplex, options: AmqpSessionOptions) {
    this.#stream = stream;
    this.#ready.promise.catch(() => undefined); // reported by what waits for it, if anything does
    this.#connection = rhea.create_container().create_connection(clientOptions(stream, options));
    this.#listen();
    this.#connection.connect();
    const { address, linkProperties: properties, receives = true } = options;
    // All in one flight with the open frame: nothing here needs the server's answer before.
    if (receives) this.#connection.open_receiver({ source: address, properties, credit_window: 8 });
    this.#sender = this.#connection.open_sender({ target: address, properties });
    this.#senders.set(address, this.#sender);
  }

  get usable(): boolean {
    return this.#failure === undefined && !this.#stream.destroyed;
  }

  /** Waits until the links are attached. */
  async ready(signal: AbortSignal): Promise<void> {
    await this.#bounded(this.#ready.promise, signal);
  }

  /** Waits for something else that this connection brings about; fails when it does. */
  async whileConnecting<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    return this.#bounded(Promise.race([work, this.#ready.promise.then(() => work)]), signal);
  }

  /**
   * Sends a message and waits for its reply.
   *
   * @throws DpsServiceError when it was rejected, TransportError when the connection ended meanwhile
   */
  async request(message: Message, signal: AbortSignal): Promise<Message> {
    await this.ready(signal);
    if (this.#failure !== undefined) throw this.#failure();
    this.#requests += 1;
    const id = String(this.#requests);
    const reply = Promise.withResolvers<Message>();
    this.#awaited = { id, reply };
    tellWire(this.#tap, 'amqp', () => tellMessage('> transfer', message));
    this.#sender.send({ ...message, message_id: id, correlation_id: id });
    try {
      return await this.#bounded(reply.promise, signal);
    } finally {
      this.#awaited = undefined;
    }
  }

  /**
   * Sends a message to any address and waits until it is accepted there.
   *
   * @throws DpsServiceError when it was rejected, TransportError when the connection ended meanwhile
   */
  async post(address: string, message: Message, signal: AbortSignal): Promise<void> {
    await this.ready(signal);
    if (this.#failure !== undefined) throw this.#failure();
    const sender = this.#senders.get(address) ?? this.#connection.open_sender({ target: address });
    this.#senders.set(address, sender);
    const settled = Promise.withResolvers<void>();
    tellWire(this.#tap, 'amqp', () => tellMessage(`> transfer to ${address}`, message));
    const delivery = sender.send(message); // rhea keeps it until there is credit
    this.#posted.set(delivery, settled);
    try {
      await this.#bounded(settled.promise, signal);
    } finally {
      this.#posted.delete(delivery);
    }
  }

  /** Says goodbye where there is somebody to hear it; leaves no socket and no timer behind. */
  async close(): Promise<void> {
    if (this.usable && this.#connection.is_open()) {
      this.#connection.close();
      const timer = setTimeout(this.#closed.resolve, CLOSE_TIMEOUT_MS);
      await this.#closed.promise;
      clearTimeout(timer);
    }
    this.#failure ??= closed;
    await endStream(this.#stream);
  }

  async #bounded<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
    try {
      return await untilAborted(work, signal);
    } catch (thrown) {
      if (signal.aborted) this.#breakOff(() => abortError(signal));
      throw thrown;
    }
  }

  #listen(): void {
    const connection = this.#connection;
    let received = 0;
    this.#stream.on('data', (bytes: Buffer) => {
      received += bytes.length;
      if (received > MAX_RECEIVED_BYTES) this.#breakOff(tooMuch);
    });
    connection.on('sendable', () => {
      if (!this.#isReady) tellWire(this.#tap, 'amqp', () => ({ text: '< links attached' }));
      this.#isReady = true;
      this.#ready.resolve();
    });
    connection.on('message', ({ message }: EventContext) => {
      if (message !== undefined) tellWire(this.#tap, 'amqp', () => tellMessage('< transfer', message));
      if (message?.correlation_id === this.#awaited?.id && message !== undefined) {
        this.#awaited?.reply.resolve(message);
      }
    });
    connection.on('accepted', ({ delivery }: EventContext) => {
      tellWire(this.#tap, 'amqp', () => ({ text: '< accepted' }));
      if (delivery !== undefined) this.#posted.get(delivery)?.resolve();
    });
    connection.on('rejected', ({ delivery }: EventContext) => {
      const state = delivery?.remote_state as { error?: unknown } | undefined;
      const refusal = amqpServiceError(state?.error); // the connection lives on
      tellWire(this.#tap, 'amqp', () => ({ text: `< rejected: ${shownText(refusal.message)}` }));
      const posted = delivery && this.#posted.get(delivery);
      if (posted === undefined) this.#awaited?.reply.reject(refusal);
      else posted.reject(refusal);
    });
    for (const event of ['released', 'modified']) {
      connection.on(event, () => this.#breakOff(() => protocolError(`the request was ${event}`)));
    }
    for (const end of ['connection', 'session', 'receiver', 'sender'] as const) {
      connection.on(`${end}_error`, (context: EventContext) => {
        this.#fail(() => amqpServiceError(context.error ?? errorOf(context, end)));
      });
      connection.on(`${end}_close`, () => {
        if (end === 'connection') this.#closed.resolve();
        this.#breakOff(() => protocolError(`the service closed the ${end}`));
      });
    }
    for (const event of ['protocol_error', 'error']) {
      connection.on(event, (thrown: unknown) => this.#breakOff(() => protocolError(toError(thrown).message)));
    }
    connection.on('disconnected', () => {
      this.#closed.resolve();
      this.#breakOff(() => new TransportError('receive', 'ECONNRESET', 'the service closed the connection'));
    });
  }

  /** The way is broken: nothing more is said on it. */
  #breakOff(failure: () => TransportError): void {
    if (this.#failure !== undefined) return;
    this.#fail(failure);
    this.#stream.destroy();
  }

  /** The first reason counts: what follows from it says less. */
  #fail(failure: () => RigError): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    tellWire(this.#tap, 'amqp', () => ({ text: `connection over: ${shownText(failure().message)}` }));
    if (!this.#isReady) this.#ready.reject(failure());
    this.#awaited?.reply.reject(failure());
    for (const { reject } of this.#posted.values()) reject(failure());
  }
}

const closed = (): TransportError => new TransportError('send', 'CLOSED', 'the connection was closed');

const protocolError = (message: string): TransportError =>
  new TransportError('receive', 'AMQP_PROTOCOL', message);

const tooMuch = (): TransportError =>
  new TransportError(
    'receive',
    'RESPONSE_TOO_LARGE',
    `the service sent more than ${MAX_RECEIVED_BYTES} bytes`,
  );

const errorOf = (context: EventContext, end: 'connection' | 'session' | 'receiver' | 'sender'): unknown =>
  context[end]?.error;

/** rhea dials nothing: it gets the stream, and of a stream it uses what this object has. */
function clientOptions(stream: Duplex, options: AmqpSessionOptions): ConnectionOptions {
  const connect = (_port: unknown, _host: unknown, _options: unknown, connected: () => void) => {
    process.nextTick(connected);
    return new StreamSocket(stream);
  };
  return {
    hostname: options.hostName,
    sasl_init_hostname: options.hostName,
    container_id: options.containerId,
    max_frame_size: MAX_FRAME_BYTES,
    reconnect: false,
    ...(options.mechanisms === undefined ? {} : { sasl_mechanisms: options.mechanisms }),
    connection_details: () => ({ host: options.hostName, port: 0, connect }),
  } as unknown as ConnectionOptions;
}

/** Writes of one turn leave together. */
class StreamSocket extends EventEmitter {
  readonly #stream: Duplex;
  readonly #writes: GatheredWrites;

  constructor(stream: Duplex) {
    super();
    this.#stream = stream;
    this.#writes = new GatheredWrites(stream);
    stream.on('data', (bytes: Buffer) => this.emit('data', bytes));
    // Also after an error and after destroy(): it stops the timers of rhea.
    stream.once('close', () => this.emit('end'));
    stream.once('end', () => this.emit('end'));
    if (stream.destroyed) process.nextTick(() => this.emit('end'));
  }

  write(bytes: Buffer): void {
    this.#writes.hold(bytes);
  }

  end(): void {
    this.#writes.flush();
    this.#stream.end();
  }

  get_id_string(): string {
    return 'device';
  }
}

async function endStream(stream: Duplex): Promise<void> {
  if (stream.destroyed) return;
  const closed = new Promise<void>((resolve) => stream.once('close', resolve));
  const timer = setTimeout(() => stream.destroy(), CLOSE_TIMEOUT_MS);
  stream.end();
  stream.resume();
  await closed;
  clearTimeout(timer);
}
