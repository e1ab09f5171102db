import 'reflect-metadata'; // @peculiar/x509 resolves its parts through it; it must come first
import { createPublicKey } from 'node:crypto';
import { Pkcs10CertificateRequest, Pkcs10CertificateRequestGenerator } from '@peculiar/x509';
import { CodecError } from '../kernel/errors.ts';
import { asSigningKey, type ExternalKey, signatureAlgorithm, signingCrypto } from './external-key.ts';

/**
 * Asks for a certificate for a key that is elsewhere, and proves possession by signing the request with it.
 *
 * @returns PEM
 * @see RFC 2986
 */
export async function createCertificateRequest(commonName: string, key: ExternalKey): Promise<string> {
  const algorithm = signatureAlgorithm(key.subjectPublicKeyInfo);
  const publicKey = await signingCrypto.subtle.importKey('spki', key.subjectPublicKeyInfo, algorithm, true, [
    'verify',
  ]);
  const request = await Pkcs10CertificateRequestGenerator.create(
    {
      name: [{ CN: [commonName] }],
      keys: { publicKey, privateKey: asSigningKey(key) },
      signingAlgorithm: algorithm,
    },
    signingCrypto,
  );
  return `${request.toString('pem').trim()}\n`;
}

/**
 * Reads a request as a CA does.
 *
 * @throws CodecError when it is malformed, or was not signed with the key that it is for
 */
export async function verifyCertificateRequest(
  requestPem: string,
): Promise<{ readonly commonName: string; readonly subjectPublicKeyInfo: Uint8Array }> {
  let request: Pkcs10CertificateRequest;
  try {
    request = new Pkcs10CertificateRequest(requestPem);
  } catch (cause) {
    throw new CodecError('certificate request is malformed', 0, 'PKCS #10', { cause });
  }
  if (!(await request.verify(signingCrypto))) {
    throw new CodecError('certificate request has a wrong signature', 0, 'proof of possession');
  }
  const spki = createPublicKey({
    key: Buffer.from(request.publicKey.rawData),
    type: 'spki',
    format: 'der',
  }).export({ type: 'spki', format: 'der' });
  return {
    commonName: request.subjectName.getField('CN')[0] ?? '',
    subjectPublicKeyInfo: new Uint8Array(spki),
  };
}
