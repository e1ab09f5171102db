import type { TokenKey } from '../pkcs11/token-key.ts';
import { openReferencedX509 } from './referenced-x509.ts';
import type { X509Module } from './security-module.ts';

/**
 * A certificate whose private key is in a PKCS#11 token.
 *
 * @param key disposed of together with the module
 * @throws TlsKeyError when the native addon is missing
 * @throws TransportError `CERTIFICATE_KEY_MISMATCH` when the certificate is for another key
 * @throws CryptokiError when the token does not tell its public key
 */
export const openTokenX509 = (certificateChainPem: string, key: TokenKey): X509Module =>
  openReferencedX509(certificateChainPem, key, () => Promise.resolve(key[Symbol.dispose]()));
