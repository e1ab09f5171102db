import type { Duplex } from 'node:stream';
import type { SecureContext } from 'node:tls';
import { createWebSocketStream, WebSocket } from 'ws';
import { abortError } from '../kernel/deadline.ts';
import { TransportError } from '../kernel/errors.ts';
import { openTlsConnection, type TlsEndpoint } from './tls-connection.ts';

/** Where DPS and IoT Hub have their WebSockets, whatever runs inside. */
const PATH = '/$iothub/websocket';

/**
 * Opens a TLS connection and a WebSocket on it, as one stream of bytes.
 *
 * @throws TransportError of the phases of TLS, or `receive` with code `UPGRADE_REFUSED`
 */
export async function openWebSocket(
  endpoint: TlsEndpoint,
  { secureContext, subprotocol }: { readonly secureContext: SecureContext; readonly subprotocol: string },
  signal: AbortSignal,
): Promise<Duplex> {
  const socket = await openTlsConnection(endpoint, secureContext, signal);
  return new Promise((resolve, reject) => {
    const url = `wss://${endpoint.hostName}:${endpoint.port}${PATH}`;
    const webSocket = new WebSocket(url, subprotocol, {
      createConnection: () => socket,
      perMessageDeflate: false,
    });
    const fail = (error: TransportError): void => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(abortError(signal));
    signal.addEventListener('abort', onAbort, { once: true });
    // Also keeps what comes after a failure from being thrown.
    webSocket.on('error', (cause) => {
      fail(new TransportError('receive', 'UPGRADE_REFUSED', `no WebSocket: ${cause.message}`, { cause }));
    });
    webSocket.once('open', () => {
      signal.removeEventListener('abort', onAbort);
      const stream = createWebSocketStream(webSocket);
      stream.on('error', () => stream.destroy());
      resolve(stream);
    });
  });
}
