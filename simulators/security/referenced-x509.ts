import type { KeyObject } from 'node:crypto';
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
 */
export function openReferencedX509(
  certificateChainPem: string,
  key: HardwareKey,
  close: () => Promise<void>,
): X509Module {
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
      return close();
    },
  };
}
