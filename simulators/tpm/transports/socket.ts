import { connect, type Socket } from 'node:net';
import { untilAborted } from '../../kernel/deadline.ts';
import { TransportError } from '../../kernel/errors.ts';
import type { TpmTransport } from '../transport.ts';
import { FramedConnection } from './framed-connection.ts';
import { mssimPlatform, sendMssimCommand } from './mssim.ts';
import { responseLength } from './tpm-framing.ts';

/** Where a TPM listens. */
export type TpmAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  /** At most 107 bytes long, as all Unix socket paths. */
  | { readonly kind: 'unix'; readonly path: string };

export interface SocketTpmOptions {
  readonly address: TpmAddress;
  /**
   * `raw`: command and response as they are (swtpm's data port).
   * `mssim`: the framing of Microsoft's TPM simulator; power is switched on at `platform`, when it is given.
   */
  readonly framing: 'raw' | 'mssim';
  /** The simulator's platform port, by custom the one after its command port. */
  readonly platform?: TpmAddress | undefined;
  readonly responseDeadlineMs?: number | undefined;
  readonly signal: AbortSignal;
}

/**
 * Connects to a TPM that listens on a socket. TPM2_Startup is left to the caller.
 *
 * @throws TransportError of phase `connect` when nobody listens there, `timeout` or `aborted` by the signal
 */
export async function openSocketTpm(options: SocketTpmOptions): Promise<TpmTransport> {
  const { address, framing, platform, signal, responseDeadlineMs = 30_000 } = options;
  await using cleanup = new AsyncDisposableStack();
  const data = cleanup.use(await connectTo(address, signal));
  const power =
    platform === undefined ? undefined : mssimPlatform(cleanup.use(await connectTo(platform, signal)));
  await power?.on();

  let locality = 0;
  const resources = cleanup.move();
  const limits = (sendSignal: AbortSignal | undefined) => ({
    deadlineMs: responseDeadlineMs,
    signal: sendSignal,
  });
  return {
    send: (command, sendSignal) =>
      framing === 'raw'
        ? data.request(command, responseLength, limits(sendSignal))
        : sendMssimCommand(data, locality, command, limits(sendSignal)),
    ...(power === undefined ? {} : { power: (action) => power.switch(action) }),
    ...(framing === 'raw'
      ? {}
      : {
          setLocality: (next) => {
            locality = next;
            return Promise.resolve();
          },
        }),
    close: () => resources.disposeAsync(),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function connectTo(address: TpmAddress, signal: AbortSignal): Promise<FramedConnection> {
  const socket = await connectSocket(address, signal);
  const where = whereIs(address);
  return new FramedConnection(
    socket,
    () => new TransportError('tpm', 'TPM_CLOSED', `the TPM at ${where} closed the connection`),
  );
}

const whereIs = (address: TpmAddress): string =>
  address.kind === 'tcp' ? `${address.host}:${address.port}` : address.path;

/**
 * A bare connection to where a TPM listens.
 *
 * @throws TransportError of phase `connect` when nobody listens there, `timeout` or `aborted` by the signal
 */
export async function connectSocket(address: TpmAddress, signal: AbortSignal): Promise<Socket> {
  const socket = connect(
    address.kind === 'tcp' ? { host: address.host, port: address.port } : { path: address.path },
  );
  try {
    await untilAborted(connected(socket, whereIs(address)), signal);
  } catch (error) {
    socket.destroy();
    throw error;
  }
  socket.setNoDelay(true);
  return socket;
}

function connected(socket: Socket, where: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const onError = (cause: NodeJS.ErrnoException): void =>
    reject(
      new TransportError('connect', cause.code ?? 'CONNECT_FAILED', `no TPM answers at ${where}`, { cause }),
    );
  socket.once('error', onError);
  socket.once('connect', () => {
    socket.off('error', onError);
    resolve(undefined);
  });
  return promise;
}
