import type { RequestListener } from 'node:http';

/** A request as it came, whole and with its secrets: for tests and conformance runs, never for a log. */
export interface SeenRequest {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** In the order and spelling of the wire. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** Of the server's clock, milliseconds since the epoch. */
  readonly atMs: number;
}

/** Tells of every request before it is answered. */
export function observeRequests(
  listener: RequestListener,
  nowMs: () => number,
  onRequest: (request: SeenRequest) => void,
): RequestListener {
  return (request, response) => {
    const atMs = nowMs();
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'https://dps.example');
      onRequest({
        method: request.method ?? '',
        path: pathname,
        query: Object.fromEntries(searchParams),
        headers: pairs(request.rawHeaders),
        body: Buffer.concat(chunks).toString(),
        atMs,
      });
    });
    listener(request, response);
  };
}

const pairs = (raw: readonly string[]): (readonly [string, string])[] =>
  raw.flatMap((name, index) => (index % 2 === 0 ? [[name, raw[index + 1] ?? ''] as const] : []));
