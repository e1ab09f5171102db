import type { X509Certificate } from 'node:crypto';
import { readCertificateFields } from '../../pki/certificate-fields.ts';
import type { X509CertificateInfo } from '../../wire/device-api.ts';

/** What the service tells of an enrolled certificate in place of the certificate itself. */
export const certificateInfo = (certificate: X509Certificate): X509CertificateInfo => ({
  subjectName: distinguishedName(certificate.subject),
  sha1Thumbprint: certificate.fingerprint.replaceAll(':', ''),
  sha256Thumbprint: certificate.fingerprint256.replaceAll(':', ''),
  issuerName: distinguishedName(certificate.issuer),
  notBeforeUtc: utcSeconds(certificate.validFromDate),
  notAfterUtc: utcSeconds(certificate.validToDate),
  serialNumber: certificate.serialNumber,
  version: readCertificateFields(certificate.raw).version,
});

/** `CN=…, O=…, C=…`: most specific first, on one line; node:crypto writes it the other way round, on several. */
const distinguishedName = (name: string): string => name.split('\n').reverse().join(', ');

/** Without fractions, as in the published sample: `2017-11-14T12:34:18Z`. */
const utcSeconds = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;
