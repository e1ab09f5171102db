import { type KeyObject, X509Certificate } from 'node:crypto';
import { TransportError } from '../kernel/errors.ts';
import { registerKey, type SignRequest } from '../tls-key/index.ts';
import type { X509Module } from './security-module.ts';

/** A private key in a token or TPM, open in this thread. */
export interface HardwareKey {
  /** Signatures that came. */
  readonly signatures: number;
  /** What the last failed operation failed with. */
  readonly lastError: Error | undefined;
  publicKey(): KeyObject;
  signDigest(request: SignRequest): Uint8Array;
}

/**
 * A certificate whose private key is elsewhere: TLS is given a reference, and the key signs where it is.
 *
 * @param close lets go of the key
 * @throws TlsKeyError when the native addon is missing
 * @throws TransportError `CERTIFICATE_KEY_MISMATCH` when the certificate is for another key
 */
export function openReferencedX509(
  certificateChainPem: string,
  key: HardwareKey,
  close: () => Promise<void>,
): X509Module {
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
      return close();
    },
  };
}

/** OpenSSL would refuse the pair too, in words that name neither key store nor certificate. */
function requireSameKey(certificateChainPem: string, publicKey: KeyObject): void {
  const leaf = new X509Certificate(certificateChainPem);
  if (leaf.publicKey.equals(publicKey)) return;
  const message = 'the certificate of the device is not for the key in its key store';
  throw new TransportError('tls', 'CERTIFICATE_KEY_MISMATCH', message, {
    hint: 'Have a certificate issued for the key that the token or TPM holds, or name the right key.',
  });
}
