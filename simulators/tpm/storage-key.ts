import {
  constants,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  publicEncrypt,
} from 'node:crypto';
import { ByteWriter, utf8 } from '../kernel/bytes.ts';
import { CodecError } from '../kernel/errors.ts';
import { TPM_ECC, TPMA_OBJECT } from './codec/constants.ts';
import {
  decodePublicArea,
  type EccPublicArea,
  type PublicArea,
  publicAreaBytes,
  type RsaPublicArea,
} from './codec/public-area.ts';
import { digestLength, type HashName, hashNameOf, kdfe, objectName } from './key-derivation.ts';

/** The public part of a TPM key that can open secrets made for it: an EK or an SRK. Worth keeping: parsing costs. */
export interface StorageKey {
  readonly name: Uint8Array;
  readonly hash: HashName;
  /** Of the AES key that wraps what belongs to this key. */
  readonly symmetricKeyBits: number;
  readonly publicKey: KeyObject;
  readonly area: RsaPublicArea | EccPublicArea;
}

/** Where secrets come from; the purpose lets a test give each its own value. */
export type SecretSource = (length: number, purpose: SecretPurpose) => Uint8Array;
type SecretPurpose = 'seedValue' | 'innerKey' | 'credentialSeed' | 'duplicationSeed';

/** What a secret is for; part of what is encrypted (Part 1, annexes B.10.3, B.10.4 and C.6.3, C.6.4). */
type SecretLabel = 'IDENTITY' | 'DUPLICATE';

/**
 * Reads an EK or SRK as a device presents it.
 *
 * @param tpm2bPublic TPM2B_PUBLIC with its size field
 * @throws CodecError when it is malformed, or not the public part of an RSA or ECC storage key
 */
export function parseStorageKey(tpm2bPublic: Uint8Array): StorageKey {
  const bytes = publicAreaBytes(tpm2bPublic);
  const area = decodePublicArea(bytes);
  if (area.kind === 'keyedhash') throw notAStorageKey('it is a keyed hash');
  const wanted = TPMA_OBJECT.RESTRICTED | TPMA_OBJECT.DECRYPT;
  if ((area.attributes & wanted) !== wanted || area.symmetric === undefined) {
    throw notAStorageKey('it is not a restricted decryption key');
  }
  return {
    name: objectName(bytes),
    hash: hashNameOf(area.nameAlg),
    symmetricKeyBits: area.symmetric.keyBits,
    publicKey: toKeyObject(area),
    area,
  };
}

/**
 * Makes a seed and encrypts it so that only the owner of the key recovers it.
 *
 * For an RSA key the seed is drawn from `random`; for an ECC key it comes out of the exchange.
 *
 * @returns the seed, and the content of TPM2B_ENCRYPTED_SECRET
 * @throws CodecError when the key cannot encrypt (a modulus that is none)
 * @see TPM 2.0 Part 1 annexes B.10 and C.6
 */
export function shareSeed(
  key: StorageKey,
  label: SecretLabel,
  random: (length: number) => Uint8Array,
): { seed: Uint8Array; secret: Uint8Array } {
  if (key.area.kind === 'ecc') return exchangeSeed(key, key.area, label);
  const seed = random(digestLength(key.hash));
  try {
    const secret = publicEncrypt(
      {
        key: key.publicKey,
        padding: constants.RSA_PKCS1_OAEP_PADDING,
        oaepHash: key.hash,
        // The terminating zero byte is part of the label (Part 1 annex B.4).
        oaepLabel: oaepLabels[label],
      },
      seed,
    );
    return { seed, secret };
  } catch (cause) {
    throw notAStorageKey('nothing can be encrypted to it', cause);
  }
}

const oaepLabels = {
  IDENTITY: utf8('IDENTITY\0'),
  DUPLICATE: utf8('DUPLICATE\0'),
} as const satisfies Record<SecretLabel, Uint8Array>;

function exchangeSeed(
  { publicKey, hash }: StorageKey,
  area: EccPublicArea,
  label: SecretLabel,
): { seed: Uint8Array; secret: Uint8Array } {
  const { namedCurve, coordinateLength } = curveOf(area);
  const ephemeral = generateKeyPairSync('ec', { namedCurve });
  const { x = '', y = '' } = ephemeral.publicKey.export({ format: 'jwk' });
  const ephemeralX = Buffer.from(x, 'base64url');
  const seed = kdfe(hash, diffieHellman({ privateKey: ephemeral.privateKey, publicKey }), {
    label,
    partyU: ephemeralX,
    partyV: leftPadded(area.unique.x, coordinateLength),
    bits: digestLength(hash) * 8,
  });
  // TPMS_ECC_POINT.
  return { seed, secret: new ByteWriter().sized(ephemeralX).sized(Buffer.from(y, 'base64url')).finish() };
}

/**
 * The key of a public area as node:crypto knows it.
 *
 * @throws CodecError when its numbers are no public key
 */
export function toKeyObject(area: RsaPublicArea | EccPublicArea): KeyObject {
  try {
    return createPublicKey({ format: 'jwk', key: toJsonWebKey(area) });
  } catch (cause) {
    if (cause instanceof CodecError) throw cause;
    throw notAStorageKey('its numbers are no public key', cause);
  }
}

/** As a JSON Web Key, which needs no DER: it takes the very numbers that a TPM gives. */
function toJsonWebKey(area: Exclude<PublicArea, { kind: 'keyedhash' }>): JsonWebKey {
  if (area.kind === 'ecc') {
    const { jwkCurve, coordinateLength } = curveOf(area);
    const coordinate = (bytes: Uint8Array): string => base64url(leftPadded(bytes, coordinateLength));
    return { kty: 'EC', crv: jwkCurve, x: coordinate(area.unique.x), y: coordinate(area.unique.y) };
  }
  if (area.unique.length * 8 !== area.keyBits) {
    throw notAStorageKey(`its modulus has ${area.unique.length * 8} bits, not ${area.keyBits}`);
  }
  if (area.exponent === 1 || (area.exponent !== 0 && area.exponent % 2 === 0)) {
    throw notAStorageKey(`its exponent ${area.exponent} is no odd prime`);
  }
  const exponent = new ByteWriter().u32(area.exponent === 0 ? 65537 : area.exponent).finish();
  return { kty: 'RSA', n: base64url(area.unique), e: base64url(exponent) };
}

const curves = new Map([
  [TPM_ECC.NIST_P256, { namedCurve: 'prime256v1', jwkCurve: 'P-256', coordinateLength: 32 }],
  [TPM_ECC.NIST_P384, { namedCurve: 'secp384r1', jwkCurve: 'P-384', coordinateLength: 48 }],
  [TPM_ECC.NIST_P521, { namedCurve: 'secp521r1', jwkCurve: 'P-521', coordinateLength: 66 }],
] as const);

function curveOf(area: EccPublicArea): { namedCurve: string; jwkCurve: string; coordinateLength: number } {
  const curve = (curves as ReadonlyMap<number, ReturnType<typeof curveOf>>).get(area.curve);
  if (curve === undefined) throw notAStorageKey(`its curve 0x${area.curve.toString(16)} is not a NIST curve`);
  return curve;
}

function leftPadded(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length > length) throw notAStorageKey(`a coordinate has ${bytes.length} bytes, not ${length}`);
  const padded = new Uint8Array(length);
  padded.set(bytes, length - bytes.length);
  return padded;
}

const base64url = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');

const notAStorageKey = (why: string, cause?: unknown): CodecError =>
  new CodecError(`public area is no EK or SRK: ${why}`, 0, 'an RSA or ECC storage key', { cause });
