import { once } from 'node:events';
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  readonly json: Readonly<Record<string, unknown>>;
}

/** One TLS connection on which whole requests are written as text: nothing between the test and the wire. */
export interface RawConnection extends AsyncDisposable {
  readonly socket: TLSSocket;
  /** Writes and waits for one whole answer. */
  send(request: string | Uint8Array): Promise<RawAnswer>;
  /** Resolves when the server has closed. */
  closed(): Promise<void>;
}

export interface Target {
  readonly https: { readonly address: string; readonly port: number; readonly hostName: string };
  readonly caPem: string;
}

export async function openRaw(target: Target, options: ConnectionOptions = {}): Promise<RawConnection> {
  const { address, port, hostName } = target.https;
  const socket = connect({ host: address, port, servername: hostName, ca: target.caPem, ...options });
  let received: Buffer = Buffer.alloc(0);
  let over = false;
  let wake: () => void = () => undefined;
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    wake();
  });
  socket.on('error', () => undefined); // a reset shows as an early close
  socket.on('close', () => {
    over = true;
    wake();
  });
  await once(socket, 'secureConnect');
  const change = (): Promise<void> =>
    new Promise((resolve) => {
      wake = resolve;
    });
  return {
    socket,
    send: async (request) => {
      socket.write(request);
      for (;;) {
        const found = takeAnswer(received);
        if (found !== undefined) {
          received = found.rest;
          return found.answer;
        }
        if (over) throw new Error(`closed after ${received.length} bytes of an answer`);
        await change();
      }
    },
    closed: async () => {
      while (!over) await change();
    },
    [Symbol.asyncDispose]: async () => {
      socket.destroy();
      if (!socket.closed) await once(socket, 'close');
    },
  };
}

/** Opens a connection for one exchange. */
export async function sendOnce(
  target: Target,
  request: string | Uint8Array,
  options: ConnectionOptions = {},
): Promise<RawAnswer> {
  await using connection = await openRaw(target, options);
  return await connection.send(request);
}

/** A request with Host, JSON content type and Content-Length, all of which `headers` can replace or (with `''`) drop. */
export function requestText(
  method: string,
  path: string,
  {
    body,
    headers = {},
  }: { readonly body?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): string {
  const all = {
    Host: 'global.azure-devices-provisioning.net',
    ...(body === undefined
      ? {}
      : { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(body)) }),
    ...headers,
  };
  const lines = Object.entries(all)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}`);
  return `${[`${method} ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n${body ?? ''}`;
}

function takeAnswer(bytes: Buffer): { readonly answer: RawAnswer; readonly rest: Buffer } | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [statusLine = '', ...headerLines] = bytes.toString('latin1', 0, end).split('\r\n');
  const headers = new Map(
    headerLines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const content = bytes.subarray(end + 4);
  const taken =
    headers.get('transfer-encoding') === 'chunked'
      ? takeChunks(content)
      : takeLength(content, Number(headers.get('content-length') ?? 0));
  if (taken === undefined) return undefined;
  const body = taken.body.toString('utf8');
  const json = body.startsWith('{') ? (JSON.parse(body) as Record<string, unknown>) : {};
  return { answer: { status: Number(statusLine.split(' ')[1]), headers, body, json }, rest: taken.rest };
}

interface Taken {
  readonly body: Buffer;
  readonly rest: Buffer;
}

const takeLength = (content: Buffer, length: number): Taken | undefined =>
  content.length < length ? undefined : { body: content.subarray(0, length), rest: content.subarray(length) };

function takeChunks(content: Buffer): Taken | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = content.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(content.toString('latin1', at, lineEnd), 16);
    const start = lineEnd + 2;
    if (content.length < start + size + 2) return undefined;
    if (size === 0) return { body: Buffer.concat(parts), rest: content.subarray(start + 2) };
    parts.push(content.subarray(start, start + size));
    at = start + size + 2;
  }
}
