import type { X509Module } from './security-module.ts';

/**
 * A certificate whose private key is held in this process.
 *
 * @param certificateChainPem leaf first, then intermediates
 * @param privateKeyPem PKCS#8
 */
export function createSoftwareX509(certificateChainPem: string, privateKeyPem: string): X509Module {
  return {
    attestation: 'x509',
    tls: { cert: certificateChainPem, key: privateKeyPem },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
