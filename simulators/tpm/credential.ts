import { createCipheriv, createHash, createHmac, createSecretKey, randomBytes } from 'node:crypto';
import { ByteWriter } from '../kernel/bytes.ts';
import { InvariantError } from '../kernel/errors.ts';
import { encodeActivationBlob } from './codec/activation-blob.ts';
import { TPM_ALG, TPMA_OBJECT } from './codec/constants.ts';
import { encodePublicArea } from './codec/public-area.ts';
import { digestLength, kdfa, objectName } from './key-derivation.ts';
import { parseStorageKey, type SecretSource, type StorageKey, shareSeed } from './storage-key.ts';

// What a service does with TPMs, in software as it has none. This file is all that the service side imports.
export { objectName, parseStorageKey, type StorageKey };

export interface ActivationBlobOptions {
  /** EK: TPM2B_PUBLIC with its size field, or what {@link parseStorageKey} made of it. */
  readonly endorsementKey: Uint8Array | StorageKey;
  /** SRK, in the same forms. */
  readonly storageRootKey: Uint8Array | StorageKey;
  /** The key that the device shall sign with; 32 bytes in DPS, at most 64. */
  readonly hmacKey: Uint8Array;
  /** The last field, encrypted with the inner key; 1 to 1024 bytes suit every client. */
  readonly data: Uint8Array;
  /** `duplicate` lets the key be duplicated by policy, as the sample server of the TPM team does; DPS has none. */
  readonly policy?: 'none' | 'duplicate';
  /** By default a cryptographic generator. */
  readonly random?: SecretSource;
}

/**
 * Wraps an HMAC key for one TPM: the `authenticationKey` of a DPS challenge or of an assignment.
 *
 * @returns six sized fields, 766 bytes and the data for RSA-2048 keys
 * @throws CodecError when the EK or SRK is malformed or no storage key
 */
export function makeActivationBlob(options: ActivationBlobOptions): Uint8Array {
  const random: SecretSource = options.random ?? systemRandom;
  const endorsementKey = asStorageKey(options.endorsementKey);
  const storageRootKey = asStorageKey(options.storageRootKey);
  const innerKey = random(16, 'innerKey');
  const seedValue = random(32, 'seedValue');
  const objectPublic = identityKeyPublic(options.hmacKey, seedValue, options.policy ?? 'none');

  const duplication = shareSeed(storageRootKey, 'DUPLICATE', (n) => random(n, 'duplicationSeed'));
  return encodeActivationBlob({
    ...makeCredential(endorsementKey, { name: storageRootKey.name, credential: innerKey, random }),
    duplicate: wrapDuplicate(storageRootKey, {
      seed: duplication.seed,
      innerKey,
      name: objectName(objectPublic),
      sensitive: identityKeySensitive(options.hmacKey, seedValue),
    }),
    inSymSeed: duplication.secret,
    objectPublic,
    encryptedData: aesCfb(innerKey, options.data),
  });
}

/**
 * Hides a secret behind an EK, bound to the Name of a key in the same TPM.
 *
 * @param name of the key that must be present to recover the credential
 * @param credential at most as long as a digest of the EK's nameAlg
 * @returns the contents of TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET
 * @throws CodecError when nothing can be encrypted to the EK
 * @see TPM 2.0 Part 1 §24 Credential Protection, Part 3 §12.6 TPM2_MakeCredential
 */
export function makeCredential(
  endorsementKey: StorageKey,
  { name, credential, random = systemRandom }: MakeCredentialOptions,
): { credentialBlob: Uint8Array; secret: Uint8Array } {
  const { seed, secret } = shareSeed(endorsementKey, 'IDENTITY', (n) => random(n, 'credentialSeed'));
  return { credentialBlob: wrapCredential(endorsementKey, { seed, name, credential }), secret };
}

interface MakeCredentialOptions {
  readonly name: Uint8Array;
  readonly credential: Uint8Array;
  readonly random?: SecretSource;
}

/** What the wraps need to know of the key that opens them. */
type Wrapper = Pick<StorageKey, 'hash' | 'symmetricKeyBits'>;

/** Content of TPM2B_ID_OBJECT (Part 1 §24.4, §24.5); deterministic, so that vectors can pin it. */
export function wrapCredential(
  wrapper: Wrapper,
  { seed, name, credential }: { seed: Uint8Array; name: Uint8Array; credential: Uint8Array },
): Uint8Array {
  return outerWrap(wrapper, seed, name, new ByteWriter().sized(credential).finish());
}

/** Content of TPM2B_PRIVATE with inner and outer wrap (Part 1 §23.3.2); deterministic as well. */
export function wrapDuplicate(
  wrapper: Wrapper,
  options: { seed: Uint8Array; innerKey: Uint8Array; name: Uint8Array; sensitive: Uint8Array },
): Uint8Array {
  const { seed, innerKey, name } = options;
  const sensitive = new ByteWriter().sized(options.sensitive).finish();
  const integrity = createHash('sha256').update(sensitive).update(name).digest();
  const inner = aesCfb(innerKey, new ByteWriter().sized(integrity).bytes(sensitive).finish());
  return outerWrap(wrapper, seed, name, inner);
}

/** Encrypt, then HMAC over the ciphertext and the Name; both keys derived from the seed. */
function outerWrap(wrapper: Wrapper, seed: Uint8Array, name: Uint8Array, plain: Uint8Array): Uint8Array {
  const { hash, symmetricKeyBits } = wrapper;
  const storageKey = kdfa(hash, seed, { label: 'STORAGE', contextU: name, bits: symmetricKeyBits });
  const encrypted = aesCfb(storageKey, plain);
  const integrityKey = kdfa(hash, seed, { label: 'INTEGRITY', bits: digestLength(hash) * 8 });
  const hmac = createHmac(hash, createSecretKey(integrityKey)).update(encrypted).update(name).digest();
  return new ByteWriter().sized(hmac).bytes(encrypted).finish();
}

/** TPMT_PUBLIC of the identity key, as in blobs of the real service. */
function identityKeyPublic(
  hmacKey: Uint8Array,
  seedValue: Uint8Array,
  policy: 'none' | 'duplicate',
): Uint8Array {
  return encodePublicArea({
    kind: 'keyedhash',
    nameAlg: TPM_ALG.SHA256,
    attributes: TPMA_OBJECT.SIGN_ENCRYPT | TPMA_OBJECT.NO_DA | TPMA_OBJECT.USER_WITH_AUTH,
    authPolicy: policy === 'none' ? new Uint8Array(0) : duplicatePolicy(),
    scheme: { algorithm: TPM_ALG.HMAC, hashAlg: TPM_ALG.SHA256 },
    // Part 1 §27.5.3.2: the unique value of a keyed hash is the digest of its obfuscation value and its key.
    unique: createHash('sha256').update(seedValue).update(hmacKey).digest(),
  });
}

/** PolicyCommandCode(TPM2_Duplicate) from an empty policy session (Part 3 §23.11). */
const duplicatePolicy = (): Uint8Array =>
  createHash('sha256')
    .update(new ByteWriter().bytes(new Uint8Array(32)).u32(0x16c).u32(0x14b).finish())
    .digest();

/** TPMT_SENSITIVE with an empty authValue (Part 2 §12.3.2.4). */
const identityKeySensitive = (hmacKey: Uint8Array, seedValue: Uint8Array): Uint8Array =>
  new ByteWriter().u16(TPM_ALG.KEYEDHASH).sized(new Uint8Array(0)).sized(seedValue).sized(hmacKey).finish();

const zeroIv = new Uint8Array(16);

/** AES-CFB with the all-zero IV that the TPM uses wherever the key is used once (Part 1 §11.4.4). */
function aesCfb(keyBytes: Uint8Array, plain: Uint8Array): Uint8Array {
  // A KeyObject for speed, as in kdfa.
  const key = createSecretKey(keyBytes);
  switch (keyBytes.length) {
    case 16:
      return createCipheriv('aes-128-cfb', key, zeroIv).update(plain);
    case 24:
      return createCipheriv('aes-192-cfb', key, zeroIv).update(plain);
    case 32:
      return createCipheriv('aes-256-cfb', key, zeroIv).update(plain);
    default:
      throw new InvariantError(`an AES key of ${keyBytes.length} bytes`);
  }
}

// Not randomBytes itself: its second parameter is a callback.
const systemRandom: SecretSource = (length) => randomBytes(length);

const asStorageKey = (key: Uint8Array | StorageKey): StorageKey =>
  key instanceof Uint8Array ? parseStorageKey(key) : key;
