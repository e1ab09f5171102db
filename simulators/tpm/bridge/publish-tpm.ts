import type { Socket } from 'node:net';
import { toError, UsageError } from '../../kernel/errors.ts';
import type { TpmTransport } from '../transport.ts';
import { FrameReader } from './frame-reader.ts';
import { type ListenerPair, listenOnPaths, listenOnPorts } from './listeners.ts';
import { createMssimProtocol } from './mssim-protocol.ts';
import type { Protocol, Serve } from './protocol.ts';
import { shareTpm } from './shared-tpm.ts';
import { createSwtpmProtocol } from './swtpm-protocol.ts';

const protocols = {
  /** For tcti-swtpm: bare commands on one socket, swtpm's control channel on the other. */
  swtpm: createSwtpmProtocol,
  /** For tcti-mssim and TSS.*: the simulator's command port and platform port. */
  mssim: createMssimProtocol,
} as const satisfies Record<string, () => Protocol>;

export type BridgeProtocol = keyof typeof protocols;

/** Where clients find the TPM: a port and the next one, or `path` and `path.ctrl`. */
export type BridgeEndpoint =
  | {
      readonly kind: 'tcp';
      readonly protocol: BridgeProtocol;
      /** Default 127.0.0.1. */
      readonly host?: string | undefined;
      /** 0 takes two free ports in a row. */
      readonly port: number;
    }
  | { readonly kind: 'unix'; readonly protocol: 'swtpm'; readonly path: string };

export interface PublishTpmOptions {
  /** Open, and its TPM started; it stays the caller's. */
  readonly transport: TpmTransport;
  readonly endpoints: readonly BridgeEndpoint[];
  /** Lets endpoints listen on other addresses than loopback: everybody there can then use the TPM. */
  readonly allowRemoteClients?: boolean | undefined;
  /** Told when a client's connection was closed because of an error, its own or the TPM's. */
  readonly onClientError?: ((error: Error) => void) | undefined;
  /** How long a client may take over one frame once it has begun. */
  readonly frameTimeoutMs?: number | undefined;
}

export interface PublishedEndpoint {
  readonly protocol: BridgeProtocol;
  /** For `tpm2-tools -T`, TPM2TOOLS_TCTI and `tcti` of IoT Edge. */
  readonly tctiString: string;
  /** TCP: the port of the commands. */
  readonly port: number | undefined;
}

/** A TPM that outside programs can use, until this is disposed of. */
export interface TpmBridge extends AsyncDisposable {
  readonly endpoints: readonly PublishedEndpoint[];
}

/** A Unix socket's address has room for 107 bytes and the final zero (unix(7)); the control socket is the longer. */
const maxPathLength = 107 - '.ctrl'.length;

/**
 * Publishes a TPM to outside programs: tpm2-tools, IoT Edge, TSS libraries.
 *
 * Any number of clients, whose commands take turns. There is no resource manager: sessions and transient objects are
 * the TPM's, for all clients, and stay when a client forgets to flush them.
 *
 * @throws UsageError for an address that is not loopback, or a path that is too long
 * @throws EnvironmentError when an endpoint is taken
 */
export async function publishTpm(options: PublishTpmOptions): Promise<TpmBridge> {
  const { endpoints, frameTimeoutMs = 10_000, onClientError = () => undefined } = options;
  for (const endpoint of endpoints) checkEndpoint(endpoint, options.allowRemoteClients ?? false);
  const tpm = shareTpm(options.transport);
  const clients = new Set<Socket>();
  const conversations = new Set<Promise<void>>();

  const handler = (serve: Serve) => (socket: Socket) => {
    clients.add(socket);
    // What an error does to a connection is seen by whoever reads it.
    socket.on('error', () => undefined);
    socket.on('close', () => clients.delete(socket));
    const reader = new FrameReader(socket, frameTimeoutMs);
    const conversation = serve({ tpm, reader, reply: (bytes) => void socket.write(bytes) })
      .then(
        () => void socket.end(),
        (thrown: unknown) => {
          if (!socket.destroyed) onClientError(toError(thrown));
          // What was answered last still goes out.
          socket.end(() => socket.destroy());
        },
      )
      .finally(() => conversations.delete(conversation));
    conversations.add(conversation);
  };

  await using listeners = new AsyncDisposableStack();
  const published: PublishedEndpoint[] = [];
  for (const endpoint of endpoints) {
    const { data, control } = protocols[endpoint.protocol]();
    const handlers = { data: handler(data), control: handler(control) };
    const pair: ListenerPair = listeners.use(
      endpoint.kind === 'tcp'
        ? await listenOnPorts(endpoint.host ?? loopback, endpoint.port, handlers)
        : await listenOnPaths(endpoint.path, handlers),
    );
    published.push(describe(endpoint, pair.port));
  }
  const running = listeners.move();
  return {
    endpoints: published,
    [Symbol.asyncDispose]: async () => {
      const closed = running.disposeAsync();
      for (const client of clients) client.destroy();
      await closed;
      await Promise.all(conversations);
    },
  };
}

const loopback = '127.0.0.1';

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);

function checkEndpoint(endpoint: BridgeEndpoint, allowRemoteClients: boolean): void {
  if (endpoint.kind === 'unix') {
    if (Buffer.byteLength(endpoint.path) > maxPathLength) {
      throw new UsageError(
        `the path of a Unix socket has at most ${maxPathLength} bytes here: ${endpoint.path}`,
      );
    }
    return;
  }
  const { host = loopback } = endpoint;
  if (!allowRemoteClients && !isLoopback(host)) {
    throw new UsageError(`${host} is not a loopback address`, {
      hint: 'Anybody who reaches the port can use the TPM; say so explicitly to allow it.',
    });
  }
}

function describe(endpoint: BridgeEndpoint, port: number | undefined): PublishedEndpoint {
  const { protocol } = endpoint;
  const where =
    endpoint.kind === 'unix' ? `path=${endpoint.path}` : `host=${endpoint.host ?? loopback},port=${port}`;
  return { protocol, port, tctiString: `${protocol}:${where}` };
}
