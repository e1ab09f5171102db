import { constants } from 'node:crypto';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { EnvironmentError } from '../kernel/errors.ts';

export interface HttpsListenerOptions {
  readonly address: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** PEM: leaf, then intermediates. */
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
}

/** A listening socket, and what to close. */
export interface Listener extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
}

/**
 * Listens for HTTPS and asks every client for a certificate without requiring one: all attestations come in on the same
 * port. No TLS session is resumed, so that no device can ride on another's handshake.
 *
 * @throws EnvironmentError when the port cannot be bound
 */
export async function openHttpsListener(
  options: HttpsListenerOptions,
  handle: RequestListener,
): Promise<Listener> {
  const server = createServer(
    {
      cert: options.certificateChainPem,
      key: options.privateKeyPem,
      minVersion: 'TLSv1.2',
      requestCert: true,
      rejectUnauthorized: false, // the registration core judges certificates, by enrollment
      secureOptions: constants.SSL_OP_NO_TICKET,
      requestTimeout: 30_000,
      headersTimeout: 15_000,
      keepAliveTimeout: 120_000,
      maxHeaderSize: 16 * 1024,
    },
    handle,
  );
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.on('clientError', (_error, socket) => {
    if (socket.writable)
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    else socket.destroy();
  });
  server.listen({ host: options.address, port: options.port, backlog: 4096 });
  try {
    await once(server, 'listening');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new EnvironmentError(
      'emulator',
      `cannot listen on ${options.address}:${options.port} (${code ?? 'error'})`,
      {
        hint: 'Choose another with --address and --https-port (0 picks a free port).',
        cause,
      },
    );
  }
  const { address, port } = server.address() as AddressInfo;
  return {
    address,
    port,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
