import { connect, type Socket } from 'node:net';
import { abortError } from '../kernel/deadline.ts';
import { TransportError, type TransportPhase } from '../kernel/errors.ts';

/** An HTTP proxy that makes tunnels (CONNECT). */
export interface HttpProxy {
  readonly host: string;
  readonly port: number;
  /** Value of Proxy-Authorization; secret. */
  readonly authorization?: string | undefined;
}

/** A proxy has this much for its answer, and this long: it waits for its own connection to the target. */
const MAX_HEADER_BYTES = 16 * 1024;
const ANSWER_TIMEOUT_MS = 20_000;
const HEADER_END = '\r\n\r\n';

/**
 * Reads what users give as a proxy: `http://[user:password@]host:port`.
 *
 * @returns undefined when it is something else
 */
export function parseProxyUrl(text: string): HttpProxy | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' || url.hostname === '') return undefined;
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return undefined;
  const credentials = decoded(`${url.username}:${url.password}`);
  if (credentials === undefined) return undefined;
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? 80 : Number(url.port),
    ...(credentials === ':' ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }),
  };
}

/** A password with a `%` in it is easily written as it is; URLs want `%25`. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/**
 * Opens a connection through a proxy: what is written to it reaches the target as it is.
 *
 * @param target as the proxy is to dial it
 * @throws TransportError `PROXY_UNREACHABLE`, `PROXY_AUTHENTICATION_REQUIRED` (407), `PROXY_REFUSED` (any other status),
 *   `PROXY_MALFORMED` (no HTTP, or more than 16 KiB of headers), `PROXY_CLOSED`, `PROXY_TIMEOUT`; or that of the signal
 * @see RFC 9110 §9.3.6 CONNECT
 */
export async function openTunnel(
  proxy: HttpProxy,
  target: { readonly host: string; readonly port: number },
  signal: AbortSignal,
  timeoutMs = ANSWER_TIMEOUT_MS,
): Promise<Socket> {
  if (signal.aborted) throw abortError(signal);
  const authority = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: proxy.host, port: proxy.port });
    socket.setNoDelay(true);
    let connected = false;
    let received = Buffer.alloc(0);
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.removeListener('data', onData);
      socket.removeListener('close', onClose);
    };
    const fail = (error: TransportError): void => {
      settle();
      socket.destroy();
      reject(error);
    };
    const failed = (phase: TransportPhase, code: string, what: string, more: ProxyErrorParts = {}): void =>
      fail(new TransportError(phase, code, `the proxy ${proxy.host}:${proxy.port} ${what}`, more));
    const onAbort = (): void => fail(abortError(signal));
    const timer = setTimeout(() => {
      failed('timeout', 'PROXY_TIMEOUT', `did not answer CONNECT ${authority} within ${timeoutMs} ms`, {
        hint: 'Check that it is an HTTP proxy, and that it can reach that host and port.',
      });
    }, timeoutMs);
    const onClose = (): void =>
      failed('connect', 'PROXY_CLOSED', `closed the connection instead of answering CONNECT ${authority}`);
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf(HEADER_END);
      if (end < 0 && received.length <= MAX_HEADER_BYTES && looksLikeHttp(received)) return;
      const isWhole = end >= 0 && end <= MAX_HEADER_BYTES;
      const status = isWhole ? statusOf(received.subarray(0, end).toString('latin1')) : undefined;
      if (status === undefined) {
        failed('receive', 'PROXY_MALFORMED', 'did not answer CONNECT in HTTP/1');
      } else if (status >= 200 && status < 300) {
        settle();
        socket.pause();
        const rest = received.subarray(end + HEADER_END.length);
        if (rest.length > 0) socket.unshift(rest);
        resolve(socket);
      } else if (status === 407) {
        const hint = 'Give user and password in the URL of the proxy: http://user:password@host:port.';
        failed('connect', 'PROXY_AUTHENTICATION_REQUIRED', `wants other credentials (407)`, { hint });
      } else {
        failed('connect', 'PROXY_REFUSED', `answered CONNECT ${authority} with ${status}`, {
          hint: 'Ask whoever runs the proxy whether it may reach that host and port.',
        });
      }
    };
    signal.addEventListener('abort', onAbort, { once: true });
    // Stays for the socket's life, as TLS above it reports errors of its own.
    socket.on('error', (cause: NodeJS.ErrnoException) => {
      if (connected) failed('connect', 'PROXY_CLOSED', `broke the connection: ${cause.message}`, { cause });
      else {
        failed('connect', 'PROXY_UNREACHABLE', `is not reached: ${cause.message}`, {
          cause,
          hint: 'Check that the proxy runs and that host and port are right.',
        });
      }
    });
    socket.once('close', onClose);
    socket.on('data', onData);
    socket.once('connect', () => {
      connected = true;
      const { authorization } = proxy;
      const lines = [
        `CONNECT ${authority} HTTP/1.1`,
        `Host: ${authority}`,
        ...(authorization === undefined ? [] : [`Proxy-Authorization: ${authorization}`]),
      ];
      socket.write(lines.join('\r\n') + HEADER_END);
    });
  });
}

interface ProxyErrorParts {
  readonly hint?: string;
  readonly cause?: unknown;
}

const looksLikeHttp = (received: Buffer): boolean =>
  'HTTP/1.'.startsWith(received.subarray(0, 7).toString('latin1'));

function statusOf(header: string): number | undefined {
  const status = /^HTTP\/1\.[01] (\d{3})(?: |\r\n|$)/.exec(header)?.[1];
  return status === undefined ? undefined : Number(status);
}
