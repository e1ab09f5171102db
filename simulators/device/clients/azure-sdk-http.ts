import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, type AgentOptions } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { Http as AzureHttp } from 'azure-iot-http-base';
import type { Clock } from '../../kernel/clock.ts';
import { TransportError, toError } from '../../kernel/errors.ts';
import type { DpsEndpoint } from '../../transport/provisioning-transport.ts';
import { type TlsEndpoint, tunnelTo } from '../../transport/tls-connection.ts';
import type { AttemptRecorder } from '../attempt-recorder.ts';
import type { Phase } from '../device-trace.ts';

/** The answer to the last request, as it came over the wire and before the SDK translated it. */
export interface LastAnswer {
  readonly status: number;
  readonly body: string;
  readonly retryAfter: string | undefined;
}

/** Who is told of what passes. */
export interface HttpObservers {
  readonly recorder: AttemptRecorder;
  readonly clock: Clock;
  readonly onCrash: (error: TransportError) => void;
  readonly onHandshake: ((resumed: boolean) => void) | undefined;
}

type BuildRequest = Parameters<AzureHttp['buildRequest']>;

/**
 * The HTTP layer that the official SDK takes as an argument: everything as in its base class, on one own TLS
 * connection, with an eye on what passes. What the SDK throws while it handles an answer would end the process, for
 * nobody stands above an event handler; here it is caught and reported.
 */
export class ObservedHttp extends AzureHttp {
  readonly #agent: DeviceAgent;
  readonly #recorder: AttemptRecorder;
  readonly #clock: Clock;
  readonly #onCrash: (error: TransportError) => void;
  #answeredAtMs: number | undefined;
  lastAnswer: LastAnswer | undefined;

  constructor(endpoint: DpsEndpoint, observers: HttpObservers) {
    super();
    const { recorder, clock, onCrash } = observers;
    this.#recorder = recorder;
    this.#clock = clock;
    this.#onCrash = onCrash;
    this.#agent = new DeviceAgent(endpoint, observers);
    this.setOptions({ http: { agent: this.#agent } });
  }

  /** Whether the TLS connection was ever made. */
  get connected(): boolean {
    return this.#agent.connectedAtMs !== undefined;
  }

  override buildRequest(...[method, path, headers, host, options, done]: BuildRequest): ClientRequest {
    const begunMs = this.#clock.monotonicMs();
    const polling = method === 'GET';
    if (polling) this.#countPoll();
    const observed: NonNullable<typeof done> = (error, body, response) => {
      const connectedAtMs = this.#agent.connectedAtMs ?? begunMs;
      const step = polling ? 'poll' : 'register';
      const outcome = response === undefined ? toError(error).message : String(response.statusCode);
      this.#recorder.add(step, step, Math.max(begunMs, connectedAtMs), outcome);
      this.#answeredAtMs = this.#clock.monotonicMs();
      this.lastAnswer = response === undefined ? undefined : answerOf(response, body);
      this.#contain(() => (typeof options === 'function' ? options : done)?.(error, body, response));
    };
    return typeof options === 'function'
      ? super.buildRequest(method, path, headers, host, observed)
      : super.buildRequest(method, path, headers, host, options, observed);
  }

  /** Ends the connection; requests that the SDK may still make fail. */
  close(): void {
    this.#agent.close();
  }

  #countPoll(): void {
    this.#recorder.polls += 1;
    if (this.#answeredAtMs !== undefined) this.#recorder.add('poll-wait', 'poll-wait', this.#answeredAtMs);
  }

  #contain(handleAnswer: () => void): void {
    try {
      handleAnswer();
    } catch (cause) {
      const message = `the official SDK threw while it handled an answer: ${toError(cause).message}`;
      this.#onCrash(new TransportError('process', 'SDK_CRASHED', message, { cause }));
    }
  }
}

/** One connection for one device: kept between requests, never resumed, never shared. */
export class DeviceAgent extends Agent {
  readonly #recorder: AttemptRecorder;
  readonly #clock: Clock;
  readonly #onHandshake: HttpObservers['onHandshake'];
  readonly #phase: Phase;
  readonly #endpoint: TlsEndpoint;
  readonly #ended = new AbortController();
  connectedAtMs: number | undefined;

  constructor(endpoint: TlsEndpoint, observers: Omit<HttpObservers, 'onCrash'> & { readonly phase?: Phase }) {
    super(agentOptions(endpoint));
    const { recorder, clock, onHandshake, phase = 'tcp-tls' } = observers;
    this.#endpoint = endpoint;
    this.#phase = phase;
    this.#recorder = recorder;
    this.#clock = clock;
    this.#onHandshake = onHandshake;
  }

  override createConnection(
    ...[options, callback]: Parameters<Agent['createConnection']>
  ): ReturnType<Agent['createConnection']> {
    if (this.#ended.signal.aborted) {
      // The SDK's poll timer outlives the attempt. Thrown here, this would end the process.
      const error = new TransportError('aborted', 'ABORTED', 'the device has closed its connection');
      process.nextTick(() => (callback as ((error: Error) => void) | undefined)?.(error));
      return undefined;
    }
    const begunMs = this.#clock.monotonicMs();
    if (this.#endpoint.proxy === undefined) {
      return this.#observe(super.createConnection(options, callback), begunMs);
    }
    // The socket comes by the callback alone, as Node's agent allows it.
    const deliver = callback as ((error: Error | null, socket?: Duplex) => void) | undefined;
    const connectThrough = (tunnel: Socket | undefined): Duplex | null | undefined =>
      this.#observe(super.createConnection({ ...options, ...(tunnel && { socket: tunnel }) }), begunMs);
    tunnelTo(this.#endpoint, this.#ended.signal).then(
      (tunnel) => deliver?.(null, connectThrough(tunnel) ?? undefined),
      (error: unknown) => deliver?.(toError(error)),
    );
    return undefined;
  }

  #observe<T>(socket: T, begunMs: number): T {
    (socket as Duplex | undefined)?.once('secureConnect', () => {
      this.connectedAtMs = this.#clock.monotonicMs();
      this.#recorder.add(this.#phase, 'connect', begunMs);
      if (socket instanceof TLSSocket) this.#onHandshake?.(socket.isSessionReused());
    });
    return socket;
  }

  close(): void {
    this.#ended.abort();
    this.destroy();
  }
}

/** What stands here wins over what the SDK asks for; SNI and the certificate check go by the request's host name. */
function agentOptions({ address, port, caPem }: TlsEndpoint): AgentOptions {
  return {
    port,
    keepAlive: true,
    maxSockets: 1,
    maxCachedSessions: 0,
    ...(address === undefined ? {} : { host: address }),
    ...(caPem === undefined ? {} : { ca: caPem }),
  };
}

function answerOf(response: IncomingMessage, body: string | undefined): LastAnswer {
  return {
    status: response.statusCode ?? 0,
    body: body ?? '',
    retryAfter: response.headers['retry-after'],
  };
}
