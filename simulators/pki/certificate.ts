import 'reflect-metadata'; // @peculiar/x509 resolves its parts through it; it must come first
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';
import { signingCrypto } from './external-key.ts';
import { keyIdentifier } from './key-pair.ts';

/** Who signs: a name, its key, and the identifier that goes into AuthorityKeyIdentifier. */
export interface Signer {
  readonly commonName: string;
  /** Hex, as {@link keyIdentifier} gives it. */
  readonly keyIdentifier: string;
  readonly key: webcrypto.CryptoKey;
}

export type CertificateProfile =
  | { readonly kind: 'ca' /** Intermediates allowed below. */; readonly pathLength: number }
  | { readonly kind: 'client' }
  | { readonly kind: 'server'; readonly names: readonly string[]; readonly addresses: readonly string[] };

export interface CertificateRequest {
  readonly commonName: string;
  readonly subjectPublicKeyInfo: Uint8Array;
  readonly profile: CertificateProfile;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * Signs one X.509 v3 certificate.
 *
 * @returns PEM, ended by a line feed
 * @see RFC 5280 §4.2 for the extensions
 */
export async function signCertificate(request: CertificateRequest, signer: Signer): Promise<string> {
  const certificate = await X509CertificateGenerator.create(
    {
      serialNumber: randomSerial(),
      subject: [{ CN: [request.commonName] }],
      issuer: [{ CN: [signer.commonName] }],
      notBefore: request.notBefore,
      notAfter: request.notAfter,
      publicKey: new PublicKey(request.subjectPublicKeyInfo),
      signingKey: signer.key,
      signingAlgorithm: { ...signer.key.algorithm, hash: 'SHA-256' },
      extensions: [
        ...profileExtensions(request.profile),
        new SubjectKeyIdentifierExtension(keyIdentifier(request.subjectPublicKeyInfo)),
        new AuthorityKeyIdentifierExtension(signer.keyIdentifier),
      ],
    },
    signingCrypto,
  );
  return `${certificate.toString('pem').trim()}\n`;
}

/** A PKCS#8 PEM key as something that can sign certificates. */
export async function importSigningKey(privateKeyPem: string): Promise<webcrypto.CryptoKey> {
  const key = createPrivateKey(privateKeyPem);
  const algorithm =
    key.asymmetricKeyType === 'rsa'
      ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
      : { name: 'ECDSA', namedCurve: 'P-256' };
  const der = key.export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
}

function profileExtensions(profile: CertificateProfile): Extension[] {
  switch (profile.kind) {
    case 'ca':
      return [
        new BasicConstraintsExtension(true, profile.pathLength, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      ];
    case 'client':
      return leafExtensions(ExtendedKeyUsage.clientAuth);
    case 'server':
      return [
        ...leafExtensions(ExtendedKeyUsage.serverAuth),
        new SubjectAlternativeNameExtension([
          ...profile.names.map((value) => ({ type: 'dns' as const, value })),
          ...profile.addresses.map((value) => ({ type: 'ip' as const, value })),
        ]),
      ];
  }
}

const leafExtensions = (usage: ExtendedKeyUsage): Extension[] => [
  new BasicConstraintsExtension(false, undefined, true),
  new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
  new ExtendedKeyUsageExtension([usage]),
];

/** Positive and of constant length, 16 octets (RFC 5280 §4.1.2.2 allows up to 20). */
function randomSerial(): string {
  const serial = randomBytes(16);
  serial.writeUInt8((serial.readUInt8(0) & 0x3f) | 0x40, 0);
  return serial.toString('hex');
}
