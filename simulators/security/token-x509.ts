import { type KeyObject, X509Certificate } from 'node:crypto';
import { TransportError } from '../kernel/errors.ts';
import type { TokenKey } from '../pkcs11/token-key.ts';
import { registerKey } from '../tls-key/index.ts';
import type { X509Module } from './security-module.ts';

/**
 * A certificate whose private key is in a PKCS#11 token: TLS is given a reference, and the token signs.
 *
 * @param key disposed of together with the module
 * @throws TlsKeyError when the native addon is missing
 * @throws TransportError `CERTIFICATE_KEY_MISMATCH` when the certificate is for another key
 * @throws CryptokiError when the token does not tell its public key
 */
export function openTokenX509(certificateChainPem: string, key: TokenKey): X509Module {
  let handshakes = 0;
  let resumed = 0;
  const publicKey = key.publicKey();
  requireSameKey(certificateChainPem, publicKey);
  const registered = registerKey({
    publicKey,
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

/** OpenSSL would refuse the pair too, in words that name neither token nor certificate. */
function requireSameKey(certificateChainPem: string, publicKey: KeyObject): void {
  const leaf = new X509Certificate(certificateChainPem);
  if (leaf.publicKey.equals(publicKey)) return;
  const message = 'the certificate of the device is not for the key in its token';
  throw new TransportError('tls', 'CERTIFICATE_KEY_MISMATCH', message, {
    hint: 'Have a certificate issued for the key that the token holds, or name the right key.',
  });
}
