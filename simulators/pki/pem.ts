import { createHash, X509Certificate } from 'node:crypto';
import { CodecError } from '../kernel/errors.ts';

const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+?-----END CERTIFICATE-----/g;

/**
 * The certificates of a PEM text, one text each, in the order in which they stand there.
 *
 * @throws CodecError when there is none
 */
export function splitPemChain(chainPem: string): readonly string[] {
  const blocks = chainPem.match(BLOCK);
  if (blocks === null) throw new CodecError('PEM text has no certificate', 0, '-----BEGIN CERTIFICATE-----');
  return blocks.map((block) => `${block}\n`);
}

/** Certificates one after the other, each ended by a line feed, as TLS libraries read them. */
export const joinPemChain = (certificates: readonly string[]): string =>
  certificates.map((certificate) => `${certificate.trim()}\n`).join('');

/** @throws CodecError when the text does not start with a well-formed certificate */
export function pemToDer(certificatePem: string): Uint8Array {
  try {
    return new Uint8Array(new X509Certificate(certificatePem).raw);
  } catch (cause) {
    throw new CodecError('PEM certificate is malformed', 0, 'an X.509 certificate', { cause });
  }
}

/** Hashes over a certificate's DER: upper-case hex without separators, as DPS shows them. */
export interface Thumbprints {
  readonly sha1: string;
  readonly sha256: string;
}

/** @param der one whole certificate */
export function thumbprints(der: Uint8Array): Thumbprints {
  const digest = (algorithm: string): string => createHash(algorithm).update(der).digest('hex').toUpperCase();
  return { sha1: digest('sha1'), sha256: digest('sha256') };
}
