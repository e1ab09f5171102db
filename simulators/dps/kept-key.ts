import { randomBytes } from 'node:crypto';
import { toBase64 } from '../kernel/bytes.ts';
import type { RecordStorage } from '../storage/collection.ts';

/**
 * A key of a shared access policy that nobody gave: made once and kept, so that clients work after a restart.
 *
 * @param name of what it is for, e.g. `hub` or `service/readers`
 * @returns base64, 32 bytes
 */
export function keptKey(storage: RecordStorage, name: string): string {
  const keys = storage.collection<{ readonly name: string; readonly key: string }>('policy-keys');
  const known = keys.get(name);
  if (known !== undefined) return known.key;
  const key = toBase64(randomBytes(32));
  keys.put(name, { name, key }, { sequence: keys.nextSequence });
  return key;
}
