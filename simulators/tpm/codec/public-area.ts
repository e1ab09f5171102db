import { ByteReader, ByteWriter } from '../../kernel/bytes.ts';
import { CodecError } from '../../kernel/errors.ts';
import {
  eccSchemes,
  kdfSchemes,
  keyedHashSchemes,
  readScheme,
  readSymmetric,
  rsaSchemes,
  type Scheme,
  type SymmetricDefinition,
  writeScheme,
  writeSymmetric,
} from './algorithm-schemes.ts';
import { TPM_ALG } from './constants.ts';

interface PublicAreaCommon {
  /** TPM_ALG_ID. */
  readonly nameAlg: number;
  /** TPMA_OBJECT bits. */
  readonly attributes: number;
  /** Policy digest; empty when no policy is needed. */
  readonly authPolicy: Uint8Array;
}

/** TPMT_PUBLIC with type TPM_ALG_RSA. */
export interface RsaPublicArea extends PublicAreaCommon {
  readonly kind: 'rsa';
  readonly symmetric: SymmetricDefinition | undefined;
  readonly scheme: Scheme | undefined;
  readonly keyBits: number;
  /** As it stands on the wire: 0 means 65537 (Part 2 §12.2.3.5). */
  readonly exponent: number;
  /** The modulus, big-endian; in a template anything up to keyBits / 8 bytes. */
  readonly unique: Uint8Array;
}

/** TPMT_PUBLIC with type TPM_ALG_ECC. */
export interface EccPublicArea extends PublicAreaCommon {
  readonly kind: 'ecc';
  readonly symmetric: SymmetricDefinition | undefined;
  readonly scheme: Scheme | undefined;
  readonly curve: number;
  readonly kdf: Scheme | undefined;
  readonly unique: { readonly x: Uint8Array; readonly y: Uint8Array };
}

/** TPMT_PUBLIC with type TPM_ALG_KEYEDHASH: an HMAC key or sealed data. */
interface KeyedHashPublicArea extends PublicAreaCommon {
  readonly kind: 'keyedhash';
  readonly scheme: Scheme | undefined;
  /** Digest over the seed value and the key (Part 1 §27.5.3.2). */
  readonly unique: Uint8Array;
}

/** The public area of an object, Part 2 §12.2.4 TPMT_PUBLIC. */
export type PublicArea = RsaPublicArea | EccPublicArea | KeyedHashPublicArea;

/** TPMT_PUBLIC: the form that a Name is the digest of. */
export function encodePublicArea(area: PublicArea): Uint8Array {
  const writer = new ByteWriter();
  writer.u16(typeNumbers[area.kind]).u16(area.nameAlg).u32(area.attributes).sized(area.authPolicy);
  switch (area.kind) {
    case 'rsa':
      writeSymmetric(writer, area.symmetric);
      writeScheme(writer, area.scheme);
      return writer.u16(area.keyBits).u32(area.exponent).sized(area.unique).finish();
    case 'ecc':
      writeSymmetric(writer, area.symmetric);
      writeScheme(writer, area.scheme);
      writer.u16(area.curve);
      writeScheme(writer, area.kdf);
      return writer.sized(area.unique.x).sized(area.unique.y).finish();
    case 'keyedhash':
      writeScheme(writer, area.scheme);
      return writer.sized(area.unique).finish();
  }
}

/** TPM2B_PUBLIC: TPMT_PUBLIC behind its 16-bit size; the form in which DPS sees an EK or SRK. */
export const encodeTpm2bPublic = (area: PublicArea): Uint8Array =>
  new ByteWriter().sized(encodePublicArea(area)).finish();

/**
 * Parses a TPMT_PUBLIC. Byte strings of the result are views of `bytes`.
 *
 * @throws CodecError when it is cut short, has trailing bytes, or an algorithm is not RSA, ECC or KEYEDHASH
 */
export function decodePublicArea(bytes: Uint8Array): PublicArea {
  const reader = new ByteReader(bytes);
  const area = readPublicArea(reader);
  reader.end('TPMT_PUBLIC');
  return area;
}

/**
 * Parses a TPM2B_PUBLIC, size field included.
 *
 * @throws CodecError as {@link decodePublicArea}, and when the size field is not the length of what follows
 */
export const decodeTpm2bPublic = (bytes: Uint8Array): PublicArea => decodePublicArea(publicAreaBytes(bytes));

/**
 * The TPMT_PUBLIC inside a TPM2B_PUBLIC, as a view.
 *
 * @throws CodecError when the size field is not the length of what follows
 */
export function publicAreaBytes(tpm2bPublic: Uint8Array): Uint8Array {
  const reader = new ByteReader(tpm2bPublic);
  const area = reader.sized('TPM2B_PUBLIC');
  reader.end('TPM2B_PUBLIC');
  return area;
}

const typeNumbers = {
  rsa: TPM_ALG.RSA,
  ecc: TPM_ALG.ECC,
  keyedhash: TPM_ALG.KEYEDHASH,
} as const satisfies Record<PublicArea['kind'], number>;

function readPublicArea(reader: ByteReader): PublicArea {
  const at = reader.offset;
  const type = reader.u16('object type');
  const common = {
    nameAlg: reader.u16('nameAlg'),
    attributes: reader.u32('objectAttributes'),
    authPolicy: reader.sized('authPolicy'),
  };
  switch (type) {
    case TPM_ALG.RSA:
      return {
        kind: 'rsa',
        ...common,
        symmetric: readSymmetric(reader),
        scheme: readScheme(reader, 'RSA scheme', rsaSchemes),
        keyBits: reader.u16('keyBits'),
        exponent: reader.u32('exponent'),
        unique: reader.sized('modulus'),
      };
    case TPM_ALG.ECC:
      return {
        kind: 'ecc',
        ...common,
        symmetric: readSymmetric(reader),
        scheme: readScheme(reader, 'ECC scheme', eccSchemes),
        curve: reader.u16('curveID'),
        kdf: readScheme(reader, 'KDF scheme', kdfSchemes),
        unique: { x: reader.sized('x'), y: reader.sized('y') },
      };
    case TPM_ALG.KEYEDHASH:
      return {
        kind: 'keyedhash',
        ...common,
        scheme: readScheme(reader, 'keyed-hash scheme', keyedHashSchemes),
        unique: reader.sized('unique'),
      };
    default:
      throw new CodecError(
        `object type 0x${type.toString(16).padStart(4, '0')} is not known`,
        at,
        'TPM_ALG_RSA, TPM_ALG_ECC or TPM_ALG_KEYEDHASH',
      );
  }
}
