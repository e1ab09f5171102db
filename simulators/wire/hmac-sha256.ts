import { hash } from 'node:crypto';

const BLOCK_BYTES = 64;

/**
 * HMAC-SHA256 of a text (RFC 2104), in one step over two hashes.
 *
 * `createHmac` with a key in bytes makes a key object each time, which costs six times the HMAC itself; a service that
 * tries the keys of many groups, and a device that derives its own, have a different key at every call.
 */
export function hmacSha256(key: Uint8Array, message: string): Uint8Array {
  const block = key.length > BLOCK_BYTES ? hash('sha256', key, 'buffer') : key;
  const inner = Buffer.alloc(BLOCK_BYTES + Buffer.byteLength(message, 'utf8'), 0x36);
  inner.write(message, BLOCK_BYTES, 'utf8');
  const outer = Buffer.alloc(BLOCK_BYTES + 32, 0x5c);
  for (const [index, octet] of block.entries()) {
    inner[index] = octet ^ 0x36;
    outer[index] = octet ^ 0x5c;
  }
  outer.set(hash('sha256', inner, 'buffer'), BLOCK_BYTES);
  return hash('sha256', outer, 'buffer');
}
