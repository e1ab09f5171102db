import type { Duplex } from 'node:stream';
import { concatBytes } from '../../kernel/bytes.ts';
import { abortError } from '../../kernel/deadline.ts';
import { InvariantError, TransportError, toError } from '../../kernel/errors.ts';
import { descriptorOf, exchangeSynchronously } from './synchronous-exchange.ts';

/**
 * Says how long an answer is, from the bytes that have come so far.
 *
 * @returns the length of the whole answer, or undefined while its head is incomplete
 * @throws TransportError when the head cannot be the start of an answer
 */
export type AnswerLength = (received: Uint8Array) => number | undefined;

export interface RequestLimits {
  /** From sending to the last byte of the answer; when it passes, the connection is given up. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

interface Exchange {
  readonly answerLength: AnswerLength;
  readonly settle: (outcome: Uint8Array | Error) => void;
  /** The caller has gone; the answer must still be taken off the wire before the next request. */
  abandoned: boolean;
  readonly finished: Promise<void>;
}

/**
 * One request, one answer, over a byte stream.
 *
 * It never hangs and never mixes answers up: a passed deadline, a malformed answer and bytes that nobody asked for
 * close the connection; an aborted request's answer is awaited and dropped before the next request goes out.
 */
export class FramedConnection implements AsyncDisposable {
  readonly #stream: Duplex;
  readonly #closedError: () => TransportError;
  #received: Uint8Array = new Uint8Array(0);
  #exchange: Exchange | undefined;
  #failure: TransportError | undefined;

  /** @param closedError makes the error for requests on a connection that the other side has closed */
  constructor(stream: Duplex, closedError: () => TransportError) {
    this.#stream = stream;
    this.#closedError = closedError;
    stream.on('data', (chunk: Uint8Array) => this.#onData(chunk));
    // An error (EPIPE, ECONNRESET) is always followed by 'close', which reports it in our words.
    stream.on('error', () => undefined);
    stream.on('end', () => stream.destroy());
    stream.on('close', () => this.#fail(this.#closedError()));
  }

  /**
   * @throws TransportError with phase `tpm` (closed or malformed), `timeout` or `aborted`
   * @throws InvariantError when another request is in flight
   */
  async request(bytes: Uint8Array, answerLength: AnswerLength, limits: RequestLimits): Promise<Uint8Array> {
    const { deadlineMs, signal } = limits;
    if (this.#exchange?.abandoned === true) await this.#exchange.finished;
    if (this.#exchange !== undefined) {
      throw new InvariantError('two requests at once on one connection', {
        hint: 'Put the queue decorator in front of a transport that is used in parallel.',
      });
    }
    if (signal?.aborted === true) throw abortError(signal);
    if (this.#failure !== undefined) throw this.#failure;

    const answer = Promise.withResolvers<Uint8Array>();
    const finished = Promise.withResolvers<undefined>();
    const deadline = setTimeout(() => this.#fail(timedOut(deadlineMs)), deadlineMs);
    const onAbort = (): void => {
      exchange.abandoned = true;
      if (signal !== undefined) answer.reject(abortError(signal));
    };
    const exchange: Exchange = {
      answerLength,
      abandoned: false,
      finished: finished.promise.then(() => undefined),
      settle: (outcome) => {
        clearTimeout(deadline);
        signal?.removeEventListener('abort', onAbort);
        if (outcome instanceof Error) answer.reject(outcome);
        else answer.resolve(outcome);
        finished.resolve(undefined);
      },
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#exchange = exchange;
    this.#stream.write(bytes);
    return answer.promise;
  }

  /**
   * As `request`, without giving the thread away: nothing else happens in it until the answer is there.
   *
   * @throws TransportError `TPM_BUSY` when another request is in flight, else as `request`
   */
  requestSync(bytes: Uint8Array, answerLength: AnswerLength, deadlineMs: number): Uint8Array {
    if (this.#failure !== undefined) throw this.#failure;
    const fd = descriptorOf(this.#stream);
    if (this.#exchange !== undefined || this.#stream.writableLength > 0 || fd === undefined) {
      throw new TransportError('tpm', 'TPM_BUSY', 'the TPM is at work on another command');
    }
    const outcome = this.#exchangeSync(fd, bytes, answerLength, deadlineMs);
    if (!(outcome instanceof Error)) return outcome;
    this.#fail(outcome);
    throw outcome;
  }

  /** Whether requests can still be made: nothing has failed and neither side has closed. */
  get usable(): boolean {
    return this.#failure === undefined;
  }

  /** Closes the stream; a request in flight fails. */
  close(): void {
    this.#stream.destroy();
    this.#fail(this.#closedError());
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return Promise.resolve();
  }

  #onData(chunk: Uint8Array): void {
    this.#received = this.#received.length === 0 ? chunk : concatBytes(this.#received, chunk);
    const exchange = this.#exchange;
    if (exchange === undefined) {
      this.#fail(malformed('bytes came that nobody asked for'));
      return;
    }
    try {
      const length = exchange.answerLength(this.#received);
      if (length === undefined || this.#received.length < length) return;
      if (this.#received.length > length) throw malformed('the answer is longer than its size field says');
    } catch (thrown) {
      this.#fail(thrown instanceof TransportError ? thrown : malformed(toError(thrown).message));
      return;
    }
    const answer = this.#received;
    this.#received = new Uint8Array(0);
    this.#exchange = undefined;
    exchange.settle(answer);
  }

  #exchangeSync(
    fd: number,
    bytes: Uint8Array,
    answerLength: AnswerLength,
    deadlineMs: number,
  ): Uint8Array | TransportError {
    try {
      const answer = exchangeSynchronously(fd, bytes, answerLength, deadlineMs);
      if (answer === 'timeout') return timedOut(deadlineMs);
      if (answer === 'closed') return this.#closedError();
      return answer.length === answerLength(answer)
        ? answer
        : malformed('the answer is longer than its size field says');
    } catch (thrown) {
      // EPIPE, ECONNRESET: the other side has gone.
      return thrown instanceof TransportError ? thrown : this.#closedError();
    }
  }

  #fail(failure: TransportError): void {
    this.#failure ??= failure;
    this.#stream.destroy();
    const exchange = this.#exchange;
    this.#exchange = undefined;
    exchange?.settle(this.#failure);
  }
}

/** The error for an answer that does not follow the format. */
export const malformed = (message: string): TransportError =>
  new TransportError('tpm', 'TPM_RESPONSE_MALFORMED', message);

const timedOut = (deadlineMs: number): TransportError =>
  new TransportError('timeout', 'TPM_TIMEOUT', `no complete answer from the TPM within ${deadlineMs} ms`);
