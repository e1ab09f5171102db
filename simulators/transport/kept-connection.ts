import type { SecureContext, TLSSocket } from 'node:tls';
import { exchange, type HttpRequest, type HttpResponse } from './http-exchange.ts';
import { openTlsConnection, type TlsEndpoint } from './tls-connection.ts';

/** A TLS connection that is opened when it is needed and is not there. */
export class KeptConnection {
  readonly #endpoint: TlsEndpoint;
  readonly #secureContext: SecureContext;
  #socket: TLSSocket | undefined;

  constructor(endpoint: TlsEndpoint, secureContext: SecureContext) {
    this.#endpoint = endpoint;
    this.#secureContext = secureContext;
  }

  get isOpen(): boolean {
    // `readyState` tells that the server has ended the connection while it was idle.
    return this.#socket?.readyState === 'open';
  }

  async open(signal: AbortSignal): Promise<void> {
    await this.#usable(signal);
  }

  async exchange(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
    return exchange(await this.#usable(signal), request, signal);
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined || socket.destroyed) return;
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.destroySoon(); // close_notify and FIN go out first, unlike with destroy()
    });
  }

  async #usable(signal: AbortSignal): Promise<TLSSocket> {
    if (this.#socket?.readyState !== 'open') {
      this.#socket?.destroy();
      this.#socket = await openTlsConnection(this.#endpoint, this.#secureContext, signal);
    }
    return this.#socket;
  }
}

/** The Host header for an endpoint. */
export const hostHeader = ({ hostName, port }: TlsEndpoint): string =>
  port === 443 ? hostName : `${hostName}:${port}`;
