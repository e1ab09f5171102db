import { createHash, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

export const keyAlgorithms = ['ec-p256', 'rsa-2048'] as const;
export type KeyAlgorithm = (typeof keyAlgorithms)[number];

/** A fresh key pair, in the forms that certificates and TLS need. */
export interface KeyPair {
  /** PKCS#8. */
  readonly privateKeyPem: string;
  /** DER of the SubjectPublicKeyInfo. */
  readonly subjectPublicKeyInfo: Uint8Array;
}

const generate = promisify(generateKeyPair);

/** Makes a key pair off the main thread: about 0.1 ms for P-256, 50 to 300 ms for RSA-2048. */
export async function createKeyPair(algorithm: KeyAlgorithm): Promise<KeyPair> {
  const { privateKey, publicKey } = await newKeys(algorithm);
  return {
    privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    subjectPublicKeyInfo: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
  };
}

function newKeys(algorithm: KeyAlgorithm): Promise<{ privateKey: KeyObject; publicKey: KeyObject }> {
  switch (algorithm) {
    case 'ec-p256':
      return generate('ec', { namedCurve: 'P-256' });
    case 'rsa-2048':
      return generate('rsa', { modulusLength: 2048 });
  }
}

/**
 * Hex of the key identifier for SubjectKeyIdentifier: SHA-1 over the subjectPublicKey bits.
 *
 * @see RFC 5280 §4.2.1.2, method (1)
 */
export function keyIdentifier(subjectPublicKeyInfo: Uint8Array): string {
  return createHash('sha1').update(subjectPublicKeyBits(subjectPublicKeyInfo)).digest('hex');
}

/** The BIT STRING's content, which closes the SEQUENCE: SEQUENCE { AlgorithmIdentifier, BIT STRING }. */
function subjectPublicKeyBits(subjectPublicKeyInfo: Uint8Array): Uint8Array {
  const outer = derHeader(subjectPublicKeyInfo, 0);
  const algorithm = derHeader(subjectPublicKeyInfo, outer.contentAt);
  const bits = derHeader(subjectPublicKeyInfo, algorithm.contentAt + algorithm.length);
  const unusedBitsOctet = 1;
  return subjectPublicKeyInfo.subarray(bits.contentAt + unusedBitsOctet, bits.contentAt + bits.length);
}

/** Only ever applied to what Node's crypto wrote, hence no error handling. */
function derHeader(der: Uint8Array, at: number): { contentAt: number; length: number } {
  const first = der[at + 1] ?? 0;
  if (first < 0x80) return { contentAt: at + 2, length: first };
  const lengthOctets = first & 0x7f;
  const length = der.subarray(at + 2, at + 2 + lengthOctets).reduce((sum, octet) => sum * 256 + octet, 0);
  return { contentAt: at + 2 + lengthOctets, length };
}
