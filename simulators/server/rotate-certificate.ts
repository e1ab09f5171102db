import { constants } from 'node:crypto';
import type { SecureContextOptions, Server } from 'node:tls';

/** What a server presents, PEM: leaf, then intermediates. */
export interface ServerCertificate {
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
}

/** A server that presents another certificate from some time on; connections that are there stay as they are. */
export interface CertificateRotation {
  readonly next: ServerCertificate;
  /** Since it listens. */
  readonly afterMs: number;
}

/** Every server's own part of TLS. No session is resumed and nothing is renegotiated: a connection is one device's. */
export const secureContextOf = ({ certificateChainPem, privateKeyPem }: ServerCertificate) =>
  ({
    cert: certificateChainPem,
    key: privateKeyPem,
    minVersion: 'TLSv1.2', // the Python SDK speaks no other
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  }) as const satisfies SecureContextOptions;

/** Has the server rotate, unless it is closed before. */
export function rotateCertificate(server: Server, rotation: CertificateRotation | undefined): void {
  if (rotation === undefined) return;
  const timer = setTimeout(() => server.setSecureContext(secureContextOf(rotation.next)), rotation.afterMs);
  server.once('close', () => clearTimeout(timer));
}
