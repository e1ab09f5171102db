import { X509Certificate } from 'node:crypto';

/** The CN of a subject as node:crypto prints it: one attribute a line, multi-valued RDNs joined by ` + `. */
export function commonNameOf(certificate: X509Certificate): string | undefined {
  for (const line of certificate.subject.split('\n')) {
    const match = /^CN=(.*)$/.exec(line);
    if (match?.[1] !== undefined) return match[1].replaceAll(/\\(.)/g, '$1');
  }
  return undefined;
}

/** SHA-256 over the DER, upper-case hex without separators. */
export const thumbprintOf = (certificate: X509Certificate): string =>
  certificate.fingerprint256.replaceAll(':', '');

/** Why a certificate may not be used at this time, or undefined. */
export function invalidAt(certificate: X509Certificate, nowMs: number): string | undefined {
  if (nowMs < certificate.validFromDate.getTime()) return `not valid before ${certificate.validFrom}`;
  if (nowMs > certificate.validToDate.getTime()) return `expired on ${certificate.validTo}`;
  return undefined;
}

/** Whether `issuer` is a CA that signed `certificate`. */
export const issued = (issuer: X509Certificate, certificate: X509Certificate): boolean =>
  issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);

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
