import type { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import {
  type ConnectionOptions,
  checkServerIdentity,
  connect,
  type SecureContext,
  TLSSocket,
} from 'node:tls';
import { systemClock } from '../kernel/clock.ts';
import { abortError } from '../kernel/deadline.ts';
import { TransportError, type TransportPhase } from '../kernel/errors.ts';
import { currentTap, tellWire, type WireDetail } from '../kernel/wire-log.ts';
import { type HttpProxy, openTunnel } from './http-proxy.ts';
import { reportHandshake } from './secure-context.ts';

/** A server: its name, and how to get there. */
export interface TlsEndpoint {
  /** For SNI, the Host header and certificate checks. */
  readonly hostName: string;
  /** Address actually dialled; the host name is resolved when absent. */
  readonly address?: string | undefined;
  readonly port: number;
  /** The way leads through it. */
  readonly proxy?: HttpProxy | undefined;
  /** PEM of the roots that sign the server's certificate; the system's roots when absent. */
  readonly caPem?: string | undefined;
  /** A clock of the device's own, by which it judges the dates of the server's certificate. */
  readonly nowMs?: (() => number) | undefined;
}

/**
 * Opens a TLS connection of its own to an endpoint and checks the server's certificate against its host name.
 *
 * @throws TransportError of phase `resolve`, `connect`, `tls`, `timeout` or `aborted`
 */
export async function openTlsConnection(
  endpoint: TlsEndpoint,
  secureContext: SecureContext,
  signal: AbortSignal,
): Promise<TLSSocket> {
  if (signal.aborted) throw abortError(signal);
  const tap = currentTap();
  const startedMs = systemClock.monotonicMs();
  const tunnel = await tunnelTo(endpoint, signal);
  return new Promise((resolve, reject) => {
    let phase: TransportPhase = tunnel === undefined ? 'resolve' : 'tls';
    const socket: TLSSocket = connect({
      ...connectionOptions(endpoint, secureContext),
      checkServerIdentity: () => {
        const certificate = socket.getPeerX509Certificate(); // once: OpenSSL takes it out of the chain
        return (
          checkServerDates(certificate, endpoint) ?? checkServerName(socket, certificate, endpoint.hostName)
        );
      },
      ...(tunnel === undefined ? {} : { socket: tunnel }),
    });
    // Node lays the server's whole chain out as objects for checkServerIdentity, a fifth of the CPU of a handshake.
    Object.defineProperty(socket, 'getPeerCertificate', { value: () => ({}), configurable: true });
    // Else a request may wait for the server to acknowledge the handshake.
    socket.setNoDelay(true);
    const settle = (): void => {
      signal.removeEventListener('abort', onAbort);
      socket.off('close', onClose);
    };
    const fail = (error: TransportError): void => {
      tellWire(tap, 'tls', () => ({ text: `${error.code}: ${error.message}` }), startedMs);
      settle();
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => fail(abortError(signal));
    const onClose = (): void =>
      fail(new TransportError(phase, 'ECONNRESET', `${where(endpoint)} closed the connection`));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('lookup', () => {
      phase = 'connect';
    });
    socket.once('connect', () => {
      phase = 'tls';
    });
    // Stays for the socket's life: an idle connection that breaks must not become an uncaught error.
    socket.on('error', (error: NodeJS.ErrnoException) => fail(connectError(error, phase, endpoint)));
    socket.once('close', onClose);
    socket.once('secureConnect', () => {
      settle();
      if (tap !== undefined) {
        const handshake = describeHandshake(socket, endpoint); // now: a connection that is over tells nothing
        tellWire(tap, 'tls', () => handshake, startedMs);
      }
      reportHandshake(secureContext, socket);
      resolve(socket);
    });
  });
}

const describeHandshake = (socket: TLSSocket, endpoint: TlsEndpoint): WireDetail => ({
  text: `connected to ${where(endpoint)}`,
  fields: { protocol: socket.getProtocol() ?? '', cipher: socket.getCipher().name },
});

/** Through the endpoint's proxy, if it has one. */
export const tunnelTo = async (
  { proxy, address, hostName, port }: TlsEndpoint,
  signal: AbortSignal,
): Promise<Socket | undefined> =>
  proxy === undefined ? undefined : openTunnel(proxy, { host: address ?? hostName, port }, signal);

function connectionOptions(endpoint: TlsEndpoint, secureContext: SecureContext): ConnectionOptions {
  return {
    host: endpoint.address ?? endpoint.hostName,
    port: endpoint.port,
    secureContext,
    // RFC 6066 §3: no IP address in SNI.
    servername: isIP(endpoint.hostName) === 0 ? endpoint.hostName : '',
  };
}

/** As OpenSSL does it, by the clock of the machine; and in its words. */
function checkServerDates(
  certificate: X509Certificate | undefined,
  { nowMs }: TlsEndpoint,
): Error | undefined {
  if (nowMs === undefined || certificate === undefined) return undefined;
  if (nowMs() < certificate.validFromDate.getTime()) {
    return Object.assign(new Error('certificate is not yet valid'), { code: 'CERT_NOT_YET_VALID' });
  }
  if (nowMs() > certificate.validToDate.getTime()) {
    return Object.assign(new Error('certificate has expired'), { code: 'CERT_HAS_EXPIRED' });
  }
  return undefined;
}

/**
 * Whether the certificate is that of the host we wanted, whatever address was dialled. OpenSSL answers for the plain case,
 * a DNS name in the certificate; Node's own check has the last word about every other.
 */
function checkServerName(
  socket: TLSSocket,
  certificate: X509Certificate | undefined,
  hostName: string,
): Error | undefined {
  const found = certificate?.checkHost(hostName, { subject: 'never', partialWildcards: false });
  if (found !== undefined) return undefined;
  return checkServerIdentity(hostName, TLSSocket.prototype.getPeerCertificate.call(socket));
}

/** Names what Node reports while a TLS connection is made. */
export function connectError(
  error: NodeJS.ErrnoException,
  phaseReached: TransportPhase,
  endpoint: TlsEndpoint,
): TransportError {
  const phase =
    error.syscall === 'getaddrinfo' ? 'resolve' : error.syscall === 'connect' ? 'connect' : phaseReached;
  const code = error.code ?? 'TLS_FAILED';
  return new TransportError(phase, code, `${where(endpoint)}: ${error.message}`, {
    cause: error,
    ...hintFor(code),
  });
}

function hintFor(code: string): { hint?: string } {
  switch (code) {
    case 'ECONNREFUSED':
      return { hint: 'Check that the service runs and that host and port are right.' };
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return { hint: 'Give the CA that signed the server certificate as the trusted CA.' };
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return { hint: 'Use a host name that the server certificate carries.' };
    default:
      return {};
  }
}

const where = ({ hostName, address, port }: TlsEndpoint): string =>
  address === undefined ? `${hostName}:${port}` : `${hostName} (${address}:${port})`;
