import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { Duplex } from 'node:stream';
import { closeGently } from './close-gently.ts';
import { type Listener, listen } from './listening.ts';
import {
  type CertificateRotation,
  rotateCertificate,
  type ServerCertificate,
  secureContextOf,
} from './rotate-certificate.ts';
import type { HandleUpgrade } from './web-socket.ts';

export interface HttpsListenerOptions extends ServerCertificate {
  readonly address: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly rotation?: CertificateRotation | undefined;
  /** Takes each line of the connections' secrets, in the format of SSLKEYLOGFILE. */
  readonly onKeyLog?: ((line: Buffer) => void) | undefined;
  /** Takes the connections that become WebSockets; without it they are closed. */
  readonly upgrade?: HandleUpgrade;
}

/** Longer than any answer takes. Node has no limit of its own for a client that asks and then does not read. */
const SILENCE_TIMEOUT_MS = 60_000;

/**
 * Listens for HTTPS and asks every client for a certificate without requiring one: all attestations come in on the same
 * port. A connection stands for one device for all its life: no session is resumed and nothing is renegotiated, so
 * that no device can ride on another's handshake.
 *
 * @throws EnvironmentError when the port cannot be bound
 */
export async function openHttpsListener(
  options: HttpsListenerOptions,
  handle: RequestListener,
): Promise<Listener> {
  const server = createServer(
    {
      ...secureContextOf(options),
      // Clients that could speak HTTP/2 offer both. A client that offers others only is refused: RFC 7301 §3.2.
      ALPNProtocols: ['http/1.1'],
      requestCert: true,
      rejectUnauthorized: false, // the registration core judges certificates, by enrollment
      handshakeTimeout: 30_000,
      requestTimeout: 30_000,
      headersTimeout: 15_000,
      connectionsCheckingInterval: 5_000,
      keepAliveTimeout: 120_000, // the slowest official client asks again after 10 s
      maxHeaderSize: 16 * 1024,
    },
    handle,
  );
  server.timeout = SILENCE_TIMEOUT_MS;
  rotateCertificate(server, options.rotation);
  if (options.onKeyLog !== undefined) server.on('keylog', options.onKeyLog);
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.on('clientError', refuseMalformed);
  if (options.upgrade !== undefined) server.on('upgrade', options.upgrade);
  const { address, port } = options;
  const hint = 'Choose another with --address and --https-port (0 picks a free port).';
  return listen(server, { address, port, what: 'HTTPS', hint });
}

const statusLines: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** What is not even HTTP gets a status and a closed connection. */
function refuseMalformed(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const status = statusLines[error.code ?? ''] ?? '400 Bad Request';
  closeGently(socket, `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
