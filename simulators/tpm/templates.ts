import { createHash } from 'node:crypto';
import { fromHex, toHex } from '../kernel/bytes.ts';
import { AES_128_CFB } from './codec/algorithm-schemes.ts';
import { TPM_ALG, TPM_ECC, TPMA_OBJECT } from './codec/constants.ts';
import type { EccPublicArea, PublicArea, RsaPublicArea } from './codec/public-area.ts';

/** Persistent handles that every DPS client with a TPM uses. */
export const persistentHandles = {
  endorsementKey: 0x81010001,
  storageRootKey: 0x81000001,
  identityKey: 0x81000100,
} as const;

/** PolicySecret(TPM_RH_ENDORSEMENT): who may use an EK (TCG EK Credential Profile, Policy A for SHA-256). */
const endorsementPolicy = fromHex('837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa');

const storageKeyAttributes =
  TPMA_OBJECT.FIXED_TPM |
  TPMA_OBJECT.FIXED_PARENT |
  TPMA_OBJECT.SENSITIVE_DATA_ORIGIN |
  TPMA_OBJECT.RESTRICTED |
  TPMA_OBJECT.DECRYPT;

const endorsementKey = {
  nameAlg: TPM_ALG.SHA256,
  attributes: storageKeyAttributes | TPMA_OBJECT.ADMIN_WITH_POLICY,
  authPolicy: endorsementPolicy,
} as const;

const storageRootKey = {
  nameAlg: TPM_ALG.SHA256,
  attributes: storageKeyAttributes | TPMA_OBJECT.USER_WITH_AUTH | TPMA_OBJECT.NO_DA,
  authPolicy: new Uint8Array(0),
} as const;

const rsa2048 = {
  kind: 'rsa',
  symmetric: AES_128_CFB,
  scheme: undefined,
  keyBits: 2048,
  exponent: 0,
  unique: new Uint8Array(0),
} as const;

const eccP256 = {
  kind: 'ecc',
  symmetric: AES_128_CFB,
  scheme: undefined,
  curve: TPM_ECC.NIST_P256,
  kdf: undefined,
  unique: { x: new Uint8Array(32), y: new Uint8Array(32) },
} as const;

/**
 * What to give TPM2_CreatePrimary. The same TPM makes the same key from the same template, so templates that differ
 * in nothing but `unique` give different keys.
 *
 * @see TCG EK Credential Profile for TPM Family 2.0, templates L-1 (RSA) and L-2 (ECC)
 */
export const templates = {
  /** EK as the TCG profile, tpm2_createek and IoT Edge make it: `unique` is 256 zero bytes. */
  endorsementKey: { ...rsa2048, ...endorsementKey, unique: new Uint8Array(256) },
  /** EK as the Node SDK makes it when it finds none: `unique` is empty. */
  endorsementKeyEmptyUnique: { ...rsa2048, ...endorsementKey },
  storageRootKey: { ...rsa2048, ...storageRootKey },
  /** SRK of the TCG TPM v2.0 Provisioning Guidance, for firmware that was there first. */
  storageRootKeyZeroUnique: { ...rsa2048, ...storageRootKey, unique: new Uint8Array(256) },
  endorsementKeyEcc: { ...eccP256, ...endorsementKey },
  storageRootKeyEcc: { ...eccP256, ...storageRootKey },
} as const satisfies Record<string, RsaPublicArea | EccPublicArea>;

const deviceKeyAttributes =
  TPMA_OBJECT.FIXED_TPM |
  TPMA_OBJECT.FIXED_PARENT |
  TPMA_OBJECT.USER_WITH_AUTH |
  TPMA_OBJECT.NO_DA |
  TPMA_OBJECT.SIGN_ENCRYPT;

const signingKey = {
  nameAlg: TPM_ALG.SHA256,
  attributes: deviceKeyAttributes | TPMA_OBJECT.SENSITIVE_DATA_ORIGIN,
  authPolicy: new Uint8Array(0),
  symmetric: undefined,
  // Left to each signature: TLS asks one RSA key for PKCS#1 v1.5 and for PSS.
  scheme: undefined,
} as const;

/** What to give TPM2_Create under the SRK: keys that sign, never restricted, without password. */
export const deviceKeyTemplates = {
  'ec-p256': { ...eccP256, ...signingKey },
  'rsa-2048': { ...rsa2048, ...signingKey },
  /** For a key that comes from outside, so without SENSITIVE_DATA_ORIGIN. */
  hmac: {
    kind: 'keyedhash',
    nameAlg: TPM_ALG.SHA256,
    attributes: deviceKeyAttributes,
    authPolicy: new Uint8Array(0),
    scheme: { algorithm: TPM_ALG.HMAC, hashAlg: TPM_ALG.SHA256 },
    unique: new Uint8Array(0),
  },
} as const satisfies Record<string, PublicArea>;

/**
 * The registration id that the SDKs derive when the application gives none.
 *
 * @param endorsementKey TPM2B_PUBLIC with its size field
 * @returns 52 characters: base32 (RFC 4648) of the SHA-256, lower case, without padding
 */
export const registrationIdFromEk = (endorsementKey: Uint8Array): string =>
  base32LowerCase(sha256(endorsementKey));

/**
 * The registration id that users of tpm2-tools make with sha256sum.
 *
 * @param endorsementKey TPM2B_PUBLIC with its size field
 * @returns 64 hexadecimal digits
 */
export const registrationIdFromEkHex = (endorsementKey: Uint8Array): string => toHex(sha256(endorsementKey));

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

/** RFC 4648 §6, lower case, without padding. */
function base32LowerCase(bytes: Uint8Array): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';
  let text = '';
  let bits = 0;
  let pending = 0;
  for (const byte of bytes) {
    pending = (pending << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet.charAt((pending >>> (bits - 5)) & 31);
    pending &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + alphabet.charAt((pending << (5 - bits)) & 31);
}
