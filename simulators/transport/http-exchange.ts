import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { abortError } from '../kernel/deadline.ts';
import { TransportError, type TransportPhase } from '../kernel/errors.ts';
import { currentTap, shownBody, shownText, tellWire, type WireDetail } from '../kernel/wire-log.ts';

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  /** Must hold Host: the connection itself has no name. */
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string | undefined;
  /** The connection is kept all the same: that is what HTTP/1.1 does when nobody says otherwise. */
  readonly withoutConnectionHeader?: boolean;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Answers of DPS are below 4 KiB; an authenticationKey adds about 1.3 KiB. */
const MAX_RESPONSE_BYTES = 64 * 1024;

/**
 * One HTTP/1.1 request and its whole response on a connection that stays open afterwards, when the server agrees.
 * The connection is destroyed on every error.
 *
 * @throws TransportError of phase `send`, `receive` (also `RESPONSE_TOO_LARGE`, `RESPONSE_TRUNCATED`, `HPE_…` for
 *   what is not HTTP), `timeout` or `aborted`
 */
export async function exchange(
  socket: TLSSocket,
  { method, path, headers, body, withoutConnectionHeader = false }: HttpRequest,
  signal: AbortSignal,
): Promise<HttpResponse> {
  if (signal.aborted) throw abortError(signal);
  const tap = currentTap();
  tellWire(tap, 'http', () => tellMessage(`> ${method} ${shownText(path)}`, headers, body));
  return new Promise((resolve, reject) => {
    const outgoing = request({
      method,
      path,
      headers: { ...headers, Connection: 'keep-alive' },
      createConnection: () => socket,
    });
    if (withoutConnectionHeader) {
      outgoing.removeHeader('Connection');
      outgoing.shouldKeepAlive = true;
    }
    let phase: TransportPhase = 'send';
    const fail = (error: TransportError): void => {
      signal.removeEventListener('abort', onAbort);
      outgoing.destroy();
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(abortError(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    outgoing.once('finish', () => {
      phase = 'receive';
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      fail(new TransportError(phase, error.code ?? 'HTTP_FAILED', error.message, { cause: error }));
    });
    outgoing.once('response', (incoming) => {
      let text = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > MAX_RESPONSE_BYTES) fail(tooLarge());
      });
      incoming.on('error', (cause: Error) => fail(truncated(text.length, cause)));
      // Not with the end of the answer: Node lets go of the connection only once the request has been written as well, and
      // an answer can be quicker than the news of that.
      incoming.once('end', () => {
        outgoing.once('close', () => {
          signal.removeEventListener('abort', onAbort);
          const { statusCode: status = 0, headers: answered } = incoming;
          tellWire(tap, 'http', () => tellMessage(`< ${status}`, answered, text));
          resolve({ status, headers: answered, body: text });
        });
      });
    });
    outgoing.end(body);
  });
}

const tellMessage = (
  text: string,
  headers: OutgoingHttpHeaders,
  body: string | undefined = '',
): WireDetail => ({
  text,
  fields: {
    ...Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), shownText(String(value))]),
    ),
    ...shownBody(body),
  },
});

const tooLarge = (): TransportError =>
  new TransportError('receive', 'RESPONSE_TOO_LARGE', `answer is longer than ${MAX_RESPONSE_BYTES} bytes`);

const truncated = (received: number, cause: Error): TransportError =>
  new TransportError(
    'receive',
    'RESPONSE_TRUNCATED',
    `the connection ended after ${received} bytes of the answer's body`,
    { cause },
  );
