import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { abortError, untilAborted } from '../kernel/deadline.ts';

/**
 * Waits until no other process of this user on this machine holds the lock of that name, and takes it.
 *
 * The lock is a listening socket in Linux' abstract namespace: the kernel lets go of it when its holder dies, so
 * there is no stale lock to recognise. Those who wait are connected to it, and so notice its end at once.
 * Containers with a network namespace of their own do not see it.
 *
 * @throws TransportError of phase `timeout` or `aborted` when the signal aborts first
 */
export async function takeMachineLock(name: string, signal: AbortSignal): Promise<AsyncDisposable> {
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 32);
  const path = `\0dps-rig-lock-${process.getuid?.() ?? 0}-${digest}`;
  for (;;) {
    if (signal.aborted) throw abortError(signal);
    const lock = await tryListen(path);
    if (lock !== undefined) return lock;
    await untilClosed(path, signal);
  }
}

async function tryListen(path: string): Promise<AsyncDisposable | undefined> {
  const waiting = new Set<Socket>();
  const server = createServer((socket) => {
    waiting.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => waiting.delete(socket));
  });
  const taken = await listening(server, path);
  if (!taken) return undefined;
  return {
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of waiting) socket.destroy();
      await closed;
    },
  };
}

function listening(server: Server, path: string): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  server.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE') resolve(false);
    else reject(error);
  });
  server.listen(path, () => resolve(true));
  return promise;
}

async function untilClosed(path: string, signal: AbortSignal): Promise<void> {
  const socket = connect(path);
  const { promise, resolve } = Promise.withResolvers<undefined>();
  // ECONNREFUSED, when the holder went away in between, is followed by 'close' as well.
  socket.on('error', () => undefined);
  socket.on('close', () => resolve(undefined));
  try {
    await untilAborted(promise, signal);
  } finally {
    socket.destroy();
  }
}
