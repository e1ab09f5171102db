import type { KeyObject } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { connect, createServer, type SecureContext, type TLSSocket, type TlsOptions } from 'node:tls';
import { externalKeyOf } from '../../pki/external-key.ts';
import { createTestPki, type IssuedCertificate } from '../../pki/test-pki.ts';
import type { SignRequest } from '../sign-request.ts';

const pki = await createTestPki();
const serverCertificate = await pki.issueServerCertificate({ names: ['server.example'] });

/** A certificate with a key in software, from the authority that the server trusts. */
export const issueIdentity = (
  commonName: string,
  keyAlgorithm: 'ec-p256' | 'rsa-2048',
): Promise<IssuedCertificate> => pki.issueDeviceCertificate({ commonName, keyAlgorithm });

/** A certificate for a key whose private half is elsewhere: the key signs the request. PEM, the chain included. */
export async function issueKeyCertificate(
  commonName: string,
  key: { publicKey(): KeyObject; signDigest(request: SignRequest): Uint8Array },
): Promise<string> {
  return (await pki.certifyDeviceKey(externalKeyOf(key), { commonName })).chainPem;
}

/** Trusted by clients and server alike. */
export const rootPem = pki.bundle.rootPem;

/** A TLS server on loopback that lets nobody in without a certificate, and greets each client with its name. */
export interface ClientAuthServer extends AsyncDisposable {
  readonly port: number;
  /** Clients let in so far. */
  readonly greeted: number;
  /** Settles when one more was let in. */
  nextGreeting(): Promise<void>;
}

export async function startClientAuthServer(options: TlsOptions = {}): Promise<ClientAuthServer> {
  const sockets = new Set<TLSSocket>();
  let greeted = 0;
  const server = createServer(
    {
      cert: serverCertificate.chainPem,
      key: serverCertificate.privateKeyPem,
      ca: rootPem,
      requestCert: true,
      rejectUnauthorized: true,
      ...options,
    },
    (socket) => {
      greeted += 1;
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
      const { subject, fingerprint256 } = socket.getPeerCertificate();
      const resumed = socket.isSessionReused();
      socket.end(JSON.stringify({ commonName: subject.CN, fingerprint256, resumed }));
    },
  );
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get greeted() {
      return greeted;
    },
    nextGreeting: async () => {
      await once(server, 'secureConnection');
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** What the server saw of a client. */
export interface Greeting {
  readonly commonName: string;
  readonly fingerprint256: string;
  readonly resumed: boolean;
}

/** One handshake with client authentication; rejects with what the client is told when it fails. */
export async function shakeHands(
  port: number,
  client: {
    readonly cert: string;
    readonly key: string;
    readonly ca?: string;
    readonly secureContext?: SecureContext;
  },
): Promise<Greeting> {
  const socket = connect({ port, host: '127.0.0.1', servername: 'server.example', ca: rootPem, ...client });
  try {
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    return JSON.parse(text) as Greeting;
  } finally {
    socket.destroy();
    // Until the event loop has turned, OpenSSL's errors of a failed handshake are still in the thread's queue, where
    // node:crypto takes them for its own (createPrivateKey does).
    await setImmediate();
  }
}
