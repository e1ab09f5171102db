import { createServer, type TLSSocket } from 'node:tls';
import { clientChainOf } from './client-chain.ts';
import { type Listener, listen } from './listening.ts';
import {
  type CertificateRotation,
  rotateCertificate,
  type ServerCertificate,
  secureContextOf,
} from './rotate-certificate.ts';

export interface TlsListenerOptions extends ServerCertificate {
  readonly address: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly rotation?: CertificateRotation | undefined;
  /** Takes each line of the connections' secrets, in the format of SSLKEYLOGFILE. */
  readonly onKeyLog?: ((line: Buffer) => void) | undefined;
  /** Protocol inside TLS, for the error when the port cannot be bound. */
  readonly what: string;
}

/**
 * Listens for TLS connections that carry something else than HTTP. As with HTTPS, every client is asked for a certificate
 * and none is required, and no session is resumed. ALPN is not spoken: a port has one protocol, whatever a client offers.
 *
 * @throws EnvironmentError when the port cannot be bound
 */
export async function openTlsListener(
  options: TlsListenerOptions,
  serve: (socket: TLSSocket, chain: readonly Uint8Array[]) => void,
): Promise<Listener> {
  const { what, address, port } = options;
  const server = createServer({
    ...secureContextOf(options),
    requestCert: true,
    rejectUnauthorized: false, // the registration core judges certificates, by enrollment
    handshakeTimeout: 30_000,
  });
  rotateCertificate(server, options.rotation);
  if (options.onKeyLog !== undefined) server.on('keylog', options.onKeyLog);
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.on('secureConnection', (socket) => {
    socket.setNoDelay(true);
    serve(socket, clientChainOf(socket));
  });
  return listen(server, {
    address,
    port,
    what,
    hint: 'Choose another address or port (0 picks a free port).',
  });
}
