import type { TokenKey } from '../pkcs11/token-key.ts';
import type { SymmetricKeyModule } from './security-module.ts';

/**
 * A symmetric key held by a PKCS#11 token, which computes the HMAC.
 *
 * @param key disposed of together with the module
 */
export function openTokenSymmetricKey(key: TokenKey): SymmetricKeyModule {
  return {
    attestation: 'symmetric-key',
    sign: (input) => Promise.try(() => key.hmac(input)),
    evidence: {
      keyUse: () => ({ signatures: key.signatures, handshakes: 0, resumed: 0 }),
      keyRefusal: () => key.lastError,
    },
    [Symbol.asyncDispose]: () => {
      key[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}
