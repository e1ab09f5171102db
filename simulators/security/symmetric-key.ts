import { createHmac, createSecretKey } from 'node:crypto';
import { fromBase64 } from '../kernel/bytes.ts';
import type { SymmetricKeyModule } from './security-module.ts';

/**
 * A symmetric key held in this process.
 *
 * @param key base64, as in an enrollment; 16 to 64 bytes
 * @throws CodecError when the key is not base64
 */
export function createSoftwareSymmetricKey(key: string): SymmetricKeyModule {
  const secret = createSecretKey(fromBase64(key));
  return {
    attestation: 'symmetric-key',
    sign: (input) => Promise.resolve(new Uint8Array(createHmac('sha256', secret).update(input).digest())),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
