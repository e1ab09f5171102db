import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { startDeadline } from '../kernel/deadline.ts';
import { serializeError } from '../kernel/errors.ts';
import { type TlsEndpoint, tunnelTo } from './tls-connection.ts';

/** What a service shows to whoever connects. */
export type ServiceProbe =
  | {
      readonly kind: 'answers';
      /** Issuers and dates of its certificates, its own first. */
      readonly certificates: readonly {
        readonly subject: string;
        readonly issuer: string;
        readonly notBeforeMs: number;
        readonly notAfterMs: number;
      }[];
      /** Its Date header minus the clock of this machine; absent when it sent none. To the second. */
      readonly clockAheadMs?: number;
    }
  | { readonly kind: 'silent'; readonly code: string };

const DEADLINE_MS = 5_000;

/** Connects without any trust, sends no proof of anything, and looks. */
export async function probeService(endpoint: TlsEndpoint, signal: AbortSignal): Promise<ServiceProbe> {
  using deadline = startDeadline(DEADLINE_MS, signal, 'looking at the service');
  try {
    const socket = await connectTrustless(endpoint, deadline.signal);
    try {
      const certificates = certificatesOf(socket);
      const dateMs = await askDate(socket, endpoint.hostName, deadline.signal);
      const clock = Number.isNaN(dateMs)
        ? {}
        : { clockAheadMs: dateMs - Math.floor(Date.now() / 1000) * 1000 };
      return { kind: 'answers', certificates, ...clock };
    } finally {
      socket.destroy();
    }
  } catch (thrown) {
    return { kind: 'silent', code: serializeError(thrown).code };
  }
}

async function connectTrustless(endpoint: TlsEndpoint, signal: AbortSignal): Promise<TLSSocket> {
  const tunnel = await tunnelTo(endpoint, signal);
  const socket = connect({
    host: endpoint.address ?? endpoint.hostName,
    port: endpoint.port,
    // Nothing is sent that anybody could misuse; the certificate is what we came to see.
    rejectUnauthorized: false,
    servername: isIP(endpoint.hostName) === 0 ? endpoint.hostName : '',
    ...(tunnel === undefined ? {} : { socket: tunnel }),
  });
  try {
    await once(socket, 'secureConnect', { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function certificatesOf(socket: TLSSocket): Extract<ServiceProbe, { kind: 'answers' }>['certificates'] {
  const seen = new Set<string>();
  const certificates: X509Certificate[] = [];
  // The last one is its own issuer, over and over.
  for (
    let next: ReturnType<typeof socket.getPeerCertificate> | undefined = socket.getPeerCertificate(true);
    next?.raw !== undefined && !seen.has(next.fingerprint256);
    next = (next as { issuerCertificate?: typeof next }).issuerCertificate
  ) {
    seen.add(next.fingerprint256);
    certificates.push(new X509Certificate(next.raw));
  }
  return certificates.map(({ subject, issuer, validFromDate, validToDate }) => ({
    subject: subject.replaceAll('\n', ', '),
    issuer: issuer.replaceAll('\n', ', '),
    notBeforeMs: validFromDate.getTime(),
    notAfterMs: validToDate.getTime(),
  }));
}

/** @returns Unix milliseconds; NaN when the answer has no date */
async function askDate(socket: TLSSocket, hostName: string, signal: AbortSignal): Promise<number> {
  socket.write(`GET / HTTP/1.1\r\nHost: ${hostName}\r\nConnection: close\r\n\r\n`);
  const [answer] = (await once(socket, 'data', { signal })) as [Buffer];
  return Date.parse(/^date: (.*)$/im.exec(answer.toString('latin1'))?.[1] ?? '');
}
