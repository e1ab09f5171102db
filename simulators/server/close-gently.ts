import type { Duplex } from 'node:stream';

/** How long a connection may take to send its last bytes and to be closed by the peer. */
export const LINGER_MS = 1_000;

/**
 * Ends a connection: what is written goes out first, and a peer that does not read it or never closes its own side is not
 * waited for.
 */
export function closeGently(stream: Duplex, lastBytes?: string): void {
  if (stream.destroyed || stream.writableEnded) return;
  stream.end(lastBytes);
  const timer = setTimeout(() => stream.destroy(), LINGER_MS);
  stream.once('close', () => clearTimeout(timer));
}
