import type { Clock } from '../../kernel/clock.ts';
import { startDeadline } from '../../kernel/deadline.ts';
import { DpsServiceError, TransportError, toError } from '../../kernel/errors.ts';
import { seededRandom } from '../../kernel/random.ts';
import type { HttpResponse } from '../../transport/http-exchange.ts';
import { hostHeader, KeptConnection } from '../../transport/kept-connection.ts';
import { secureContextFor, type TlsIdentity } from '../../transport/secure-context.ts';
import type { TlsEndpoint } from '../../transport/tls-connection.ts';
import type { AttemptRecorder } from '../attempt-recorder.ts';
import type { Phase } from '../device-trace.ts';
import { sleep } from '../retrier.ts';
import type { EdgeProfile } from './edge-profile.ts';
import type { EdgeSettings } from './edge-settings.ts';

export interface EdgeRequest {
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  /** SAS token; X.509 devices have none. */
  readonly authorization?: string | undefined;
  /** Becomes JSON. */
  readonly body?: unknown;
}

/** How a request is sent, and to what its time counts. */
export interface EdgeExchange {
  readonly phase: Phase;
  readonly step: string;
  /** Of one attempt, the answer's body included. */
  readonly timeoutMs: number;
  /** After a network error or a time-out. */
  readonly retries: number;
}

export interface EdgeHttpParts {
  readonly endpoint: TlsEndpoint;
  readonly tls: TlsIdentity | undefined;
  readonly profile: EdgeProfile;
  readonly settings: EdgeSettings;
  readonly clock: Clock;
  /** Of the jitter after 429, with the registrationId. */
  readonly seed: number;
  readonly registrationId: string;
}

/** The HTTP layer of the daemon: what it sends, how often, and how it waits. One connection, opened when needed. */
export class EdgeHttp implements AsyncDisposable {
  readonly #parts: EdgeHttpParts;
  readonly #connection: KeptConnection;

  constructor(parts: EdgeHttpParts) {
    this.#parts = parts;
    this.#connection = new KeptConnection(parts.endpoint, secureContextFor(parts.endpoint, parts.tls));
  }

  /**
   * Sends a request; an answer of any status is an answer, except 429 where the daemon knows it.
   *
   * @throws DpsServiceError when it was throttled until the end
   * @throws TransportError when the network failed once more than it tries again
   */
  async send(
    request: EdgeRequest,
    exchange: EdgeExchange,
    recorder: AttemptRecorder,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    const { throttleWaits } = this.#parts.profile;
    for (let throttled = 0; ; throttled += 1) {
      const response = await this.#sendRetrying(request, exchange, recorder, signal);
      if (response.status !== 429 || throttleWaits.length === 0) return response;
      const wait = throttleWaits[throttled];
      if (wait === undefined) {
        recorder.note('log', 'Final HTTP request throttled.');
        throw new DpsServiceError({ status: 429, message: '429: Too many requests' });
      }
      const { seed, registrationId } = this.#parts;
      const random = seededRandom(seed, 'edge-throttle', registrationId, recorder.retries);
      const delayMs = wait.delayMs + Math.floor((random.next() * wait.jitterMs) / 1000) * 1000;
      const turn = `attempt ${throttled + 1} of ${throttleWaits.length + 1}`;
      recorder.note('log', `HTTP request throttled (${turn}). Sleeping for ${delayMs / 1000} seconds.`);
      recorder.retries += 1;
      await this.wait(delayMs, signal);
    }
  }

  /** A wait of the daemon's own, shortened as the settings say. */
  wait(durationMs: number, signal: AbortSignal): Promise<void> {
    const { clock, settings } = this.#parts;
    return sleep(clock, durationMs * (settings.timeScale ?? 1), signal);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #sendRetrying(
    request: EdgeRequest,
    exchange: EdgeExchange,
    recorder: AttemptRecorder,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#sendOnce(request, exchange, recorder, signal);
      } catch (error) {
        const last = attempt > exchange.retries;
        if (signal.aborted || !(error instanceof TransportError)) throw error;
        const turn = `attempt ${attempt} of ${exchange.retries + 1}`;
        recorder.note('log', () => `Failed to send HTTP request (${turn}): ${toError(error).message}`);
        if (last) throw error;
        recorder.retries += 1;
        await this.wait(this.#parts.profile.cloud.retryDelayMs, signal);
      }
    }
  }

  async #sendOnce(
    request: EdgeRequest,
    { phase, step, timeoutMs }: EdgeExchange,
    recorder: AttemptRecorder,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    using deadline = startDeadline(timeoutMs, signal, 'the HTTP request');
    const connection = this.#connection;
    if (!connection.isOpen) await recorder.time('tcp-tls', 'connect', () => connection.open(deadline.signal));
    return await recorder.time(
      phase,
      step,
      () => connection.exchange(this.#onTheWire(request), deadline.signal),
      ({ status }) => String(status),
    );
  }

  /** No User-Agent, no Accept, no Connection: hyper sends what it is given and no more. */
  #onTheWire({ method, path, authorization, body }: EdgeRequest) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    return {
      method,
      path,
      headers: {
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        ...(authorization === undefined ? {} : { authorization }),
        host: hostHeader(this.#parts.endpoint),
      },
      body: text,
      withoutConnectionHeader: true,
    };
  }
}
