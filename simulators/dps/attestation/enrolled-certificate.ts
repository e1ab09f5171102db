import { X509Certificate } from 'node:crypto';

/**
 * A certificate in any of the forms that enrollments carry: PEM, base64 of PEM, base64 of DER.
 *
 * @throws when it is none of them
 */
export function parseEnrolledCertificate(text: string): X509Certificate {
  const trimmed = text.trim();
  if (trimmed.startsWith('-----BEGIN')) return new X509Certificate(trimmed);
  return new X509Certificate(Buffer.from(trimmed, 'base64')); // OpenSSL takes PEM and DER alike
}

/** SHA-256 over the DER, upper-case hex without separators. */
export const thumbprintOf = (certificate: X509Certificate): string =>
  certificate.fingerprint256.replaceAll(':', '');
