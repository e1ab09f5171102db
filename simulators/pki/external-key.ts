import { createHash, createPublicKey, type KeyObject, webcrypto } from 'node:crypto';

/** A key pair whose private half is elsewhere: in a token, in a TPM. */
export interface ExternalKey {
  /** DER of the SubjectPublicKeyInfo; EC P-256 or RSA. */
  readonly subjectPublicKeyInfo: Uint8Array;
  /**
   * Signs with SHA-256.
   *
   * @param data what is signed, not its digest
   * @returns ECDSA: r and s, 64 bytes; RSA: PKCS#1 v1.5
   */
  sign(data: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

/** What keys in tokens and TPMs have in common: they sign digests. */
export interface DigestSigner {
  publicKey(): KeyObject;
  signDigest(request: {
    readonly kind: 'ecdsa' | 'rsa-pkcs1';
    readonly hash: 'sha256';
    readonly digest: Uint8Array;
  }): Uint8Array;
}

/** A key that signs digests, as one that can be certified. */
export function externalKeyOf(key: DigestSigner): ExternalKey {
  const publicKey = key.publicKey();
  const kind = publicKey.asymmetricKeyType === 'rsa' ? 'rsa-pkcs1' : 'ecdsa';
  return {
    subjectPublicKeyInfo: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
    sign: (data) =>
      key.signDigest({ kind, hash: 'sha256', digest: createHash('sha256').update(data).digest() }),
  };
}

const externalKeys = new WeakMap<webcrypto.CryptoKey, ExternalKey>();

/** An external key in the shape in which @peculiar/x509 takes signing keys; only {@link signingCrypto} can use it. */
export function asSigningKey(external: ExternalKey): webcrypto.CryptoKey {
  const key: webcrypto.CryptoKey = {
    type: 'private',
    extractable: false,
    usages: ['sign'],
    algorithm: signatureAlgorithm(external.subjectPublicKeyInfo),
  };
  externalKeys.set(key, external);
  return key;
}

/** WebCrypto's name for signatures of such a public key. */
export function signatureAlgorithm(subjectPublicKeyInfo: Uint8Array): {
  name: string;
  hash: string;
  namedCurve?: string;
} {
  const der = Buffer.from(subjectPublicKeyInfo);
  const { asymmetricKeyType } = createPublicKey({ key: der, type: 'spki', format: 'der' });
  return asymmetricKeyType === 'rsa'
    ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
    : { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
}

/** Node's WebCrypto, except that external keys sign where they are. */
export const signingCrypto: webcrypto.Crypto = new Proxy(webcrypto, {
  get: (crypto, name) => (name === 'subtle' ? signingSubtle : bound(crypto, name)),
});

const signingSubtle: webcrypto.SubtleCrypto = new Proxy(webcrypto.subtle, {
  get: (subtle, name) => (name === 'sign' ? sign : bound(subtle, name)),
});

async function sign(...parameters: Parameters<webcrypto.SubtleCrypto['sign']>): Promise<ArrayBuffer> {
  const [, key, data] = parameters;
  const external = externalKeys.get(key);
  if (external === undefined) return webcrypto.subtle.sign(...parameters);
  const bytes = ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
  return Uint8Array.from(await external.sign(bytes)).buffer;
}

/** WebCrypto's methods insist on the object that they belong to. */
function bound(owner: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(owner, name, owner);
  return typeof value === 'function' ? (value.bind(owner) as unknown) : value;
}
