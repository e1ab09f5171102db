import type { IncomingMessage } from 'node:http';

/** Read on and thrown away past the limit: closing under a client that still writes would cost it our answer. */
const DISCARDED_BYTES = 4 * 1024 * 1024;

/**
 * Reads a whole body.
 *
 * @returns `too-large` when it exceeds the limit: the connection must then be closed, as something may be left unread
 * @throws when the client goes away in the middle
 */
export function readBody(request: IncomingMessage, limitBytes: number): Promise<Buffer | 'too-large'> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | 'too-large'>();
  const chunks: Buffer[] = [];
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= limitBytes) {
      chunks.push(chunk);
    } else if (length > limitBytes + DISCARDED_BYTES) {
      request.pause();
      resolve('too-large');
    }
  });
  request.once('end', () => {
    const [first] = chunks;
    if (length > limitBytes) resolve('too-large');
    else resolve(first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks));
  });
  request.once('error', reject); // also `aborted`, when the client goes away
  return promise;
}
