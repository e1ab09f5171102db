import type { TokenKey } from '../pkcs11/token-key.ts';
import { registerKey } from '../tls-key/index.ts';
import type { X509Module } from './security-module.ts';

/**
 * A certificate whose private key is in a PKCS#11 token: TLS is given a reference, and the token signs.
 *
 * @param key disposed of together with the module
 * @throws TlsKeyError when the native addon is missing
 * @throws CryptokiError when the token does not tell its public key
 */
export function openTokenX509(certificateChainPem: string, key: TokenKey): X509Module {
  let handshakes = 0;
  let resumed = 0;
  const registered = registerKey({
    publicKey: key.publicKey(),
    sign: (request) => key.signDigest(request),
  });
  return {
    attestation: 'x509',
    tls: {
      cert: certificateChainPem,
      key: registered.pem,
      onHandshake: (isResumed) => {
        handshakes += 1;
        if (isResumed) resumed += 1;
      },
    },
    evidence: {
      keyUse: () => ({ signatures: key.signatures, handshakes, resumed }),
      keyRefusal: () => key.lastError,
    },
    [Symbol.asyncDispose]: () => {
      registered.dispose();
      key[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}
