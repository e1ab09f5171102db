import 'reflect-metadata'; // @peculiar/x509 resolves its parts through it; it must come first
import { X509Certificate } from '@peculiar/x509';

/** DER of the Name of the certificate's subject (RFC 5280 §4.1.2.6), as PKCS #11 wants it beside a certificate. */
export const subjectName = (certificateDer: Uint8Array): Uint8Array =>
  new Uint8Array(new X509Certificate(Uint8Array.from(certificateDer)).subjectName.toArrayBuffer());
