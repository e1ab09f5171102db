import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { portOf, type WireTarget, type WireTransport } from './wire-registration.ts';

/** One TLS connection under the hand of a test, down to its TCP socket. */
export interface WireClient extends AsyncDisposable {
  readonly tcp: Socket;
  readonly tls: TLSSocket;
  /** Resolves when so much has come that it holds the text. @throws when the connection ends before */
  received(text: string): Promise<void>;
  /** Everything that has come so far. */
  readonly bytes: Buffer;
  /** Resolves when the server has ended its side; the client's may still be open. */
  ended(): Promise<void>;
}

/** Connects without TLS: what comes next is up to the test. */
export async function openTcp(
  transport: WireTransport,
  target: WireTarget,
  { allowHalfOpen = false } = {},
): Promise<Socket> {
  const socket = connectTcp({ host: target.https.address, port: portOf(transport, target), allowHalfOpen });
  socket.on('error', () => undefined); // a reset shows as an early close
  await once(socket, 'connect');
  return socket;
}

/** Connects and waits for the end of the TLS handshake. Its side stays open when the server ends its own. */
export async function openWire(transport: WireTransport, target: WireTarget): Promise<WireClient> {
  const tcp = await openTcp(transport, target, { allowHalfOpen: true });
  const tls = connectTls({
    ...{ socket: tcp, allowHalfOpen: true },
    servername: target.https.hostName,
    secureContext: contextOf(target.caPem),
  });
  const parts: Buffer[] = [];
  tls.on('error', () => undefined);
  tls.on('data', (chunk: Buffer) => parts.push(chunk));
  await once(tls, 'secureConnect');
  return {
    tcp,
    tls,
    get bytes() {
      return Buffer.concat(parts);
    },
    received: async (text) => {
      while (!Buffer.concat(parts).includes(text)) {
        if (tls.readableEnded || tls.destroyed) throw new Error(`ended without ${text}`);
        await changed(tls);
      }
    },
    ended: async () => {
      while (!tls.readableEnded && !tls.destroyed) await changed(tls);
    },
    [Symbol.asyncDispose]: async () => {
      tls.destroy();
      tcp.destroy();
      await closed(tcp);
    },
  };
}

/** Not `once`, which throws on an error: here a reset shows as a close. */
function changed(tls: TLSSocket): Promise<void> {
  return new Promise((resolve) => {
    const events = ['data', 'end', 'close'] as const;
    const wake = (): void => {
      for (const event of events) tls.off(event, wake);
      resolve();
    };
    for (const event of events) tls.on(event, wake);
  });
}

/** Resolves when a socket is closed, in peace or by a reset. */
export function closed(socket: Socket): Promise<void> {
  return socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once('close', () => resolve()));
}

const contexts = new Map<string, SecureContext>();

/** Parsed once: it costs as much as a handshake. */
function contextOf(ca: string): SecureContext {
  const known = contexts.get(ca) ?? createSecureContext({ ca });
  contexts.set(ca, known);
  return known;
}
