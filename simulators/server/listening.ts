import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { EnvironmentError } from '../kernel/errors.ts';

/** A listening socket and its connections, closed together. */
export interface Listener extends AsyncDisposable {
  readonly address: string;
  readonly port: number;
}

/**
 * Binds a server of any protocol. Closing it ends every connection, also one that is still in its TLS handshake.
 *
 * @param what for the error, e.g. `HTTPS`
 * @throws EnvironmentError when the address or port cannot be bound; its cause carries the system's code
 */
export async function listen(
  server: Server,
  { address, port, what, hint }: { address: string; port: number; what: string; hint: string },
): Promise<Listener> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen({ host: address, port, backlog: 4096 });
  try {
    await once(server, 'listening');
  } catch (cause) {
    const { code = 'error' } = cause as NodeJS.ErrnoException;
    throw new EnvironmentError('emulator', `cannot listen on ${address}:${port} for ${what} (${code})`, {
      hint,
      cause,
    });
  }
  const bound = server.address() as AddressInfo;
  return {
    address: bound.address,
    port: bound.port,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
