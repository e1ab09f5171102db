import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import rhea, { type Connection, type ConnectionOptions, type EventContext } from 'rhea';
import { toError } from '../kernel/errors.ts';
import { GatheredWrites } from '../kernel/gathered-writes.ts';
import { withoutPort } from '../wire/sas-resource.ts';
import { AmqpInput, type AmqpInputItem, MessageTooLongError } from './amqp-input.ts';
import { serveLinks } from './amqp-links.ts';
import type { AmqpError, AmqpMessage, AmqpOutcome } from './amqp-message.ts';
import { rheaMechanisms, type SaslMechanisms } from './amqp-sasl.ts';
import { closeGently, LINGER_MS } from './close-gently.ts';

/** What a service decides for one connection. */
export interface AmqpApplication {
  readonly mechanisms: SaslMechanisms;
  /** @param hostName whom the client means to speak to, without a port */
  opened?(hostName: string): void;
  /** @returns why a link to that address is refused; `undefined` lets it in */
  refuseLink(address: string, properties: Readonly<Record<string, unknown>>): AmqpError | undefined;
  /** What becomes of a message; a reply goes out on the link that the client receives on from the same address. */
  receive(message: AmqpMessage, address: string): AmqpOutcome;
  /** What the peer did against the standard, or what broke, in words for an operator. */
  onProblem?(reason: string): void;
}

/** Makes what decides for a connection, from the client certificates that it came with. */
export type OpenAmqpApplication = (chain: readonly Uint8Array[]) => AmqpApplication;

const MAX_FRAME_BYTES = 64 * 1024;
/** What a hub takes as a message's body, and room for what is around it. A service may refuse less. */
const MAX_MESSAGE_BYTES = 320 * 1024;
/** The Java SDK may take a minute for its TPM in the middle of SASL. */
const OPEN_TIMEOUT_MS = 90_000;
const IDLE_TIME_OUT_MS = 120_000;
/** Open deliveries of a session, each way. */
const MAX_DELIVERIES = 256;
/** A peer that reads so slowly gets nothing more. */
const MAX_UNSENT_BYTES = 1024 * 1024;
/** AMQP 1.0 §2.4.5: no smaller frame size may be asked for; one below it would not even fit our answers. */
const MIN_FRAME_BYTES = 512;
const MIN_IDLE_TIME_OUT_MS = 1_000;

/**
 * Serves AMQP 1.0 on a stream that is secure already, until it closes: with SASL or without, as the client's first header
 * asks. Whatever a peer sends, the worst that happens is that its own connection ends.
 */
export function serveAmqp(stream: Duplex, application: AmqpApplication): void {
  new AmqpConnection(stream, application).start();
}

class AmqpConnection {
  readonly #stream: Duplex;
  readonly #application: AmqpApplication;
  readonly #input = new AmqpInput({ maxFrameBytes: MAX_FRAME_BYTES, maxMessageBytes: MAX_MESSAGE_BYTES });
  readonly #socket: RheaSocket;
  readonly #openTimer: NodeJS.Timeout;
  #connection: Connection | undefined;
  #layer: 'none' | 'sasl' | 'authenticated' | 'amqp' = 'none';

  constructor(stream: Duplex, application: AmqpApplication) {
    this.#stream = stream;
    this.#application = application;
    this.#socket = new RheaSocket(stream);
    this.#openTimer = setTimeout(() => this.#giveUp('no AMQP open in time'), OPEN_TIMEOUT_MS);
  }

  start(): void {
    const stream = this.#stream;
    stream.on('data', (chunk: Buffer) => this.#take(chunk));
    stream.on('error', () => stream.destroy());
    stream.once('end', () => this.#socket.end());
    stream.once('close', () => {
      clearTimeout(this.#openTimer);
      this.#socket.emit('end'); // stops the timers of rhea
    });
  }

  #take(chunk: Buffer): void {
    if (!this.#stream.writable) return;
    try {
      for (const item of this.#input.take(chunk)) {
        this.#pass(item);
        if (item.kind !== 'frame' || item.type !== 'sasl') continue;
        this.#readOnSoon();
        return;
      }
    } catch (thrown) {
      const reason = toError(thrown).message;
      if (this.#connection === undefined || !(thrown instanceof MessageTooLongError)) this.#giveUp(reason);
      else {
        this.#application.onProblem?.(reason);
        this.#close(this.#connection, { condition: 'amqp:link:message-size-exceeded', description: reason });
      }
    }
  }

  /** rhea decides after a promise, and would never look again at what a client sent without waiting for the outcome. */
  #readOnSoon(): void {
    this.#stream.pause();
    setImmediate(() => {
      this.#stream.resume();
      this.#take(Buffer.alloc(0));
    });
  }

  /** Gives rhea only what is due at this point: it would wait for more of what is not. */
  #pass(item: AmqpInputItem): void {
    const layer = this.#layer;
    if (item.kind === 'header') {
      if (layer !== 'none' && !(layer === 'authenticated' && item.protocolId === 0)) {
        throw new Error('a protocol header where a frame was due');
      }
      this.#layer = item.protocolId === 3 ? 'sasl' : 'amqp';
      this.#connection ??= this.#accept();
    } else if (item.type !== layer) {
      throw new Error(`a frame of ${item.type} where none was due`);
    }
    this.#socket.emit('data', item.bytes);
    if (this.#stream.writableLength > MAX_UNSENT_BYTES) throw new Error('the peer does not read');
  }

  #accept(): Connection {
    const container = rhea.create_container();
    if (this.#layer === 'sasl') {
      container.sasl_server_mechanisms = rheaMechanisms(this.#application.mechanisms, (authenticated) => {
        if (authenticated) this.#layer = 'authenticated';
        else setImmediate(() => this.#socket.end()); // the outcome goes out first
      });
    }
    const connection = container.create_connection(serverOptions(this.#layer === 'amqp'));
    connection.on('connection_open', (context: EventContext) => this.#opened(context.connection));
    for (const event of ['connection_error', 'session_error', 'protocol_error', 'error']) {
      connection.on(event, (thrown: unknown) => this.#application.onProblem?.(describeProblem(thrown)));
    }
    connection.on('disconnected', () => undefined); // else rhea writes to the console
    serveLinks(connection, this.#application, (error) => this.#close(connection, error));
    // rhea's types know sockets only; of a socket it uses what RheaSocket has, as with its own WebSocket wrapper
    (connection as unknown as { accept(socket: Socket): void }).accept(this.#socket as unknown as Socket);
    return connection;
  }

  #opened(connection: Connection): void {
    clearTimeout(this.#openTimer);
    const { hostname } = connection as { readonly hostname?: unknown };
    this.#application.opened?.(typeof hostname === 'string' ? withoutPort(hostname) : '');
    const { max_frame_size: frame, idle_time_out: idle } = connection;
    const tooSmall = isBelow(frame, MIN_FRAME_BYTES) ? 'max-frame-size' : 'idle-time-out';
    if (!isBelow(frame, MIN_FRAME_BYTES) && !isBelow(idle, MIN_IDLE_TIME_OUT_MS)) return;
    this.#close(connection, { condition: 'amqp:invalid-field', description: `${tooSmall} is too small` });
  }

  /** Tells the peer why; one that does not answer is not waited for. */
  #close(connection: Connection, error: AmqpError): void {
    connection.close({ ...error });
    const timer = setTimeout(() => this.#socket.end(), LINGER_MS);
    this.#stream.once('close', () => clearTimeout(timer));
  }

  #giveUp(reason: string): void {
    this.#application.onProblem?.(reason);
    this.#socket.end();
  }
}

/** The socket as rhea sees it: whole frames come in, and what it writes in one go leaves in one go. */
class RheaSocket extends EventEmitter {
  readonly #stream: Duplex;
  readonly #writes: GatheredWrites;

  constructor(stream: Duplex) {
    super();
    this.#stream = stream;
    this.#writes = new GatheredWrites(stream);
    // emitted by us when rhea is not there yet, or not any more
    this.on('error', () => undefined);
  }

  write(bytes: Buffer): void {
    this.#writes.hold(bytes);
  }

  end(): void {
    if (this.#stream.destroyed || this.#stream.writableEnded) return;
    this.#writes.flush();
    closeGently(this.#stream);
  }

  get_id_string(): string {
    return 'dps-rig';
  }
}

const serverOptions = (disableSasl: boolean): ConnectionOptions =>
  ({
    max_frame_size: MAX_FRAME_BYTES,
    channel_max: 7,
    idle_time_out: IDLE_TIME_OUT_MS,
    session_buffer_size: MAX_DELIVERIES,
    disable_sasl: disableSasl,
    receiver_options: { credit_window: 0, autoaccept: false, max_message_size: MAX_MESSAGE_BYTES },
  }) as unknown as ConnectionOptions;

const isBelow = (value: number | undefined, least: number): boolean =>
  typeof value === 'number' && value < least;

function describeProblem(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  const { error } = thrown as { error?: unknown };
  return error === undefined ? 'the peer reported an error' : toError(error).message;
}
