import { once } from 'node:events';
import { unlink } from 'node:fs/promises';
import { connect, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { EnvironmentError } from '../../kernel/errors.ts';

/** Two sockets that listen, and belong together. */
export interface ListenerPair extends AsyncDisposable {
  /** TCP: the port of the data socket, the control socket has the next. Unix: undefined. */
  readonly port: number | undefined;
}

/** What is done with a client's connection. */
export interface PairHandlers {
  readonly data: (socket: Socket) => void;
  readonly control: (socket: Socket) => void;
}

const attemptsForFreePorts = 50;

/**
 * Listens on a port and the next one.
 *
 * @param port 0 looks for two free ports in a row
 * @throws EnvironmentError when one of them is taken, or the host is not this machine's
 */
export async function listenOnPorts(
  host: string,
  port: number,
  handlers: PairHandlers,
): Promise<ListenerPair> {
  for (let attempt = 1; ; attempt += 1) {
    const data = await listen(handlers.data, { host, port });
    const dataPort = portOf(data);
    try {
      const control = await listen(handlers.control, { host, port: dataPort + 1 });
      return { port: dataPort, [Symbol.asyncDispose]: () => closeAll(data, control) };
    } catch (error) {
      await closeAll(data);
      if (port !== 0 || attempt === attemptsForFreePorts) throw error;
    }
  }
}

/**
 * Listens on `path` and `path.ctrl`.
 *
 * Node removes both files when it closes; what a killed process left there is replaced.
 *
 * @throws EnvironmentError when somebody listens there, or the path is not usable
 */
export async function listenOnPaths(path: string, handlers: PairHandlers): Promise<ListenerPair> {
  const data = await listenOnPath(path, handlers.data);
  try {
    const control = await listenOnPath(`${path}.ctrl`, handlers.control);
    return { port: undefined, [Symbol.asyncDispose]: () => closeAll(data, control) };
  } catch (error) {
    await closeAll(data);
    throw error;
  }
}

async function listenOnPath(path: string, handle: (socket: Socket) => void): Promise<Server> {
  if (await isLeftOver(path)) await unlink(path);
  return listen(handle, { path });
}

/** Whether a Unix socket has nobody behind it any more. */
async function isLeftOver(path: string): Promise<boolean> {
  const probe = connect({ path });
  try {
    await once(probe, 'connect');
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED';
  } finally {
    probe.destroy();
  }
}

async function listen(handle: (socket: Socket) => void, where: ListenOptions): Promise<Server> {
  // Half open: a client may close its direction after its last command and still wait for the response.
  const server = createServer({ noDelay: true, allowHalfOpen: true }, handle).listen(where);
  try {
    await once(server, 'listening');
    return server;
  } catch (cause) {
    const place = where.path ?? `${where.host}:${where.port}`;
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new EnvironmentError('TPM bridge', `cannot listen on ${place} (${code})`, {
      hint: where.path === undefined ? 'Choose other ports, or 0 for free ones.' : 'Choose another path.',
      cause,
    });
  }
}

const portOf = (server: Server): number => {
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
};

async function closeAll(...servers: readonly Server[]): Promise<void> {
  await Promise.all(
    servers.map(async (server) => {
      const closed = once(server, 'close');
      server.close();
      await closed;
    }),
  );
}
