/** Hashes that TLS 1.2 and 1.3 sign with; the names of node:crypto. */
export type SignatureHash = 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512';

/** One signature that a handshake needs. `digest` is the hash of what is signed, never the message itself. */
export type SignRequest =
  /** Wanted: r and s, each as long as the curve's field (64 bytes for P-256), as C_Sign(CKM_ECDSA) gives it. */
  | { readonly kind: 'ecdsa'; readonly hash: SignatureHash; readonly digest: Uint8Array }
  /** Wanted: RSASSA-PKCS1-v1_5 over {@link digestInfo}, as long as the modulus. TLS 1.2 only. */
  | { readonly kind: 'rsa-pkcs1'; readonly hash: SignatureHash; readonly digest: Uint8Array }
  /** Wanted: RSASSA-PSS, as long as the modulus. In TLS the salt is as long as the digest. */
  | {
      readonly kind: 'rsa-pss';
      readonly hash: SignatureHash;
      readonly digest: Uint8Array;
      readonly mgf1Hash: SignatureHash;
      /** Bytes. */
      readonly saltLength: number;
    };

/**
 * The DigestInfo of RFC 8017 §9.2, which a raw RSA PKCS#1 v1.5 operation (CKM_RSA_PKCS) is to pad and sign.
 *
 * @returns DER
 */
export function digestInfo(hash: SignatureHash, digest: Uint8Array): Uint8Array {
  const prefix = digestInfoPrefixes[hash];
  const info = new Uint8Array(prefix.length + digest.length);
  info.set(prefix);
  info.set(digest, prefix.length);
  return info;
}

const sha2Prefix = (lastArc: number, length: number): Uint8Array =>
  Uint8Array.from([
    ...[0x30, 0x11 + length, 0x30, 0x0d, 0x06, 0x09],
    ...[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, lastArc, 0x05, 0x00, 0x04, length],
  ]);

/** RFC 8017 §9.2, note 1. */
const digestInfoPrefixes = {
  sha1: Uint8Array.from([
    0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0, 0x04, 0x14,
  ]),
  sha224: sha2Prefix(4, 28),
  sha256: sha2Prefix(1, 32),
  sha384: sha2Prefix(2, 48),
  sha512: sha2Prefix(3, 64),
} as const satisfies Record<SignatureHash, Uint8Array>;
