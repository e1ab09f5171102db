import type { RequestListener } from 'node:http';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls';
import { createTestPki } from '../../pki/test-pki.ts';
import type { DpsEndpoint } from '../provisioning-transport.ts';

/** A real TLS server on loopback that answers what a test wants. */
export interface TestServer extends AsyncDisposable {
  readonly endpoint: DpsEndpoint;
  /** Connections that are open now. */
  readonly sockets: ReadonlySet<TLSSocket>;
  /** Connections so far. */
  readonly accepted: number;
}

const pki = await createTestPki();
const certificate = await pki.issueServerCertificate({ names: ['dps.example'] });

export async function startTestServer(
  listener: RequestListener,
  options: ServerOptions = {},
): Promise<TestServer> {
  const tls = { cert: certificate.chainPem, key: certificate.privateKeyPem };
  return listenForTest(
    createServer({ ...tls, requestCert: true, rejectUnauthorized: false, ...options }, listener),
  );
}

/** The same for protocols that are not HTTP. */
export async function startRawServer(serve: (socket: TLSSocket) => void): Promise<TestServer> {
  const tls = { cert: certificate.chainPem, key: certificate.privateKeyPem };
  return listenForTest(createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: false }, serve));
}

async function listenForTest(server: TlsServer): Promise<TestServer> {
  const sockets = new Set<TLSSocket>();
  let accepted = 0;
  server.on('secureConnection', (socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: {
      hostName: 'dps.example',
      address: '127.0.0.1',
      port: (server.address() as AddressInfo).port,
      idScope: '0ne00000001',
      apiVersion: '2021-06-01',
      caPem: pki.bundle.rootPem,
    },
    sockets,
    get accepted() {
      return accepted;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Always the same answer, as JSON unless it is a text. */
export const answer =
  (status: number, body: unknown, headers: Record<string, string> = {}): RequestListener =>
  (request, response) => {
    request.resume();
    response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };

/** The first request gets the first answer, and so on; the last one goes for all that follow. */
export function inTurn(...answers: readonly RequestListener[]): RequestListener {
  let next = 0;
  return (request, response) => {
    const listener = answers[Math.min(next, answers.length - 1)];
    next += 1;
    listener?.(request, response);
  };
}
