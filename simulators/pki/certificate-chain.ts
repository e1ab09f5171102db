import { hash, type KeyObject, X509Certificate } from 'node:crypto';
import { type CertificateFields, readCertificateFields } from './certificate-fields.ts';

/** A CA's certificate with what verifying needs, taken out of it once. */
export interface Authority {
  readonly certificate: X509Certificate;
  readonly publicKey: KeyObject;
  readonly pathLength: number | undefined;
  readonly validFromMs: number;
  readonly validToMs: number;
  /** Whose signatures were found to be its own: an intermediate comes by with every device, a check costs 0.1 ms. */
  readonly signed: WeakSet<X509Certificate>;
}

/** A device's certificate. */
export interface Leaf {
  readonly certificate: X509Certificate;
  readonly fields: CertificateFields;
  readonly validFromMs: number;
  readonly validToMs: number;
}

export const readAuthority = (certificate: X509Certificate): Authority => ({
  certificate,
  publicKey: certificate.publicKey,
  pathLength: readCertificateFields(certificate.raw).pathLength,
  ...validityOf(certificate),
  signed: new WeakSet(),
});

/** @throws when the DER is no certificate */
export function readLeaf(der: Uint8Array): Leaf {
  const certificate = new X509Certificate(der);
  return { certificate, fields: readCertificateFields(der), ...validityOf(certificate) };
}

/** Why a certificate may not be used at this time, or undefined. */
export function invalidAt(
  { validFromMs, validToMs }: { readonly validFromMs: number; readonly validToMs: number },
  nowMs: number,
): string | undefined {
  if (nowMs < validFromMs) return `not valid before ${new Date(validFromMs).toISOString()}`;
  if (nowMs > validToMs) return `expired since ${new Date(validToMs).toISOString()}`;
  return undefined;
}

/**
 * Whether a CA signed a certificate: basicConstraints, key usage and names (both in `checkIssued`), path length,
 * signature.
 *
 * @param below how many intermediate CAs stand between the CA and the device's certificate
 */
export function hasIssued(authority: Authority, certificate: X509Certificate, below: number): boolean {
  if (!authority.certificate.ca || !certificate.checkIssued(authority.certificate)) return false;
  if (authority.pathLength !== undefined && authority.pathLength < below) return false;
  if (authority.signed.has(certificate)) return true;
  const verified = certificate.verify(authority.publicKey);
  if (verified) authority.signed.add(certificate);
  return verified;
}

/** Intermediates that devices send, parsed once: thousands of devices send the same few. */
export function createAuthorityCache(limit = 256): (der: Uint8Array) => Authority {
  const known = new Map<string, Authority>();
  return (der) => {
    const key = hash('sha256', der, 'base64');
    const found = known.get(key) ?? readAuthority(new X509Certificate(der));
    known.delete(key);
    known.set(key, found); // now the newest
    const [oldest] = known.keys();
    if (known.size > limit && oldest !== undefined) known.delete(oldest);
    return found;
  };
}

const validityOf = (certificate: X509Certificate) => ({
  validFromMs: certificate.validFromDate.getTime(),
  validToMs: certificate.validToDate.getTime(),
});
