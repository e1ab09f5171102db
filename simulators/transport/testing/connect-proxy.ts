import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What a proxy for tests does with CONNECT. */
export type ProxyManner =
  | 'tunnel'
  /** Tunnels for those who give this value of Proxy-Authorization; 407 for the others. */
  | { readonly authorization: string }
  /** Writes these bytes instead of an answer, and closes. */
  | { readonly says: string }
  | 'silent'
  | 'hang-up';

export interface ConnectProxy extends AsyncDisposable {
  readonly port: number;
  /** Targets of all CONNECT requests, in their order. */
  readonly targets: readonly string[];
  readonly open: number;
}

/** Starts an HTTP proxy on loopback that really tunnels, or does not in a given manner. */
export async function startConnectProxy(manner: ProxyManner = 'tunnel'): Promise<ConnectProxy> {
  const targets: string[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  };
  const server = createServer({ allowHalfOpen: true }, (client) => {
    keep(client);
    let head = '';
    const onData = (chunk: Buffer): void => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      client.off('data', onData);
      const target = /^CONNECT (\S+) HTTP\/1\.1\r\n/.exec(head)?.[1] ?? '';
      targets.push(target);
      answer(client, target, /^proxy-authorization: (.*)\r$/im.exec(head)?.[1]);
    };
    client.on('data', onData);
  });
  const answer = (client: Socket, target: string, authorization: string | undefined): void => {
    if (manner === 'silent') client.resume().once('end', () => client.end());
    else if (manner === 'hang-up') client.destroy();
    else if (typeof manner === 'object' && 'says' in manner) client.end(manner.says);
    else if (typeof manner === 'object' && manner.authorization !== authorization) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n');
    } else tunnel(client, target);
  };
  const tunnel = (client: Socket, target: string): void => {
    const [, host = '', port] = /^(.*):(\d+)$/.exec(target) ?? [];
    const far = connect({ host, port: Number(port), allowHalfOpen: true });
    keep(far);
    far.once('connect', () => {
      client.write('HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n');
      client.pipe(far).pipe(client);
    });
    far.once('error', () => client.destroy());
    client.once('error', () => far.destroy());
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    targets,
    get open() {
      return sockets.size;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
