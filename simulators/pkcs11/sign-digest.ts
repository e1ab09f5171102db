import { digestInfo, type SignRequest } from '../tls-key/index.ts';
import { CKM, PSS_PARAMETERS, pssHashes } from './constants.ts';
import type { Handle, Mechanism } from './cryptoki.ts';
import type { TokenSession } from './token-session.ts';

/** Enough for RSA-4096. */
const SIGNATURE_ROOM = 512;

/**
 * One signature over a digest with a private key of the token, as TLS and X.509 ask for it.
 *
 * @returns ECDSA: r and s, each as long as the field; RSA: as long as the modulus
 */
export function signDigest(
  { cryptoki, handle }: TokenSession,
  key: Handle,
  request: SignRequest,
): Uint8Array {
  const [mechanism, data] = operation(request);
  cryptoki.signInit(handle, mechanism, key);
  return cryptoki.sign(handle, data, SIGNATURE_ROOM);
}

function operation(request: SignRequest): readonly [Mechanism, Uint8Array] {
  switch (request.kind) {
    case 'ecdsa':
      return [{ mechanism: CKM.ECDSA }, request.digest];
    case 'rsa-pkcs1':
      return [{ mechanism: CKM.RSA_PKCS }, digestInfo(request.hash, request.digest)];
    case 'rsa-pss': {
      const { hashAlg } = pssHashes[request.hash];
      const { mgf } = pssHashes[request.mgf1Hash];
      const parameter = { type: PSS_PARAMETERS, hashAlg, mgf, saltLen: request.saltLength };
      return [{ mechanism: CKM.RSA_PKCS_PSS, parameter }, request.digest];
    }
  }
}
