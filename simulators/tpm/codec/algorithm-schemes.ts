import type { ByteReader, ByteWriter } from '../../kernel/bytes.ts';
import { CodecError } from '../../kernel/errors.ts';
import { TPM_ALG } from './constants.ts';

/** TPMT_SYM_DEF_OBJECT in the only form that storage keys have: AES in CFB mode (Part 2 §11.1.7). */
export interface SymmetricDefinition {
  readonly algorithm: typeof TPM_ALG.AES;
  readonly keyBits: number;
  readonly mode: typeof TPM_ALG.CFB;
}

/** AES-128-CFB: the symmetric algorithm of every template here and of the DPS inner wrap. */
export const AES_128_CFB: SymmetricDefinition = {
  algorithm: TPM_ALG.AES,
  keyBits: 128,
  mode: TPM_ALG.CFB,
};

/** A signing, encryption or key-derivation scheme; the hash is absent where the scheme has none (RSAES). */
export interface Scheme {
  readonly algorithm: number;
  readonly hashAlg?: number;
  /** TPM_ALG_ECDAA only. */
  readonly count?: number;
  /** TPM_ALG_XOR only: the key derivation function. */
  readonly kdf?: number;
}

/** What follows the algorithm on the wire. */
type SchemeDetails = 'none' | 'hash' | 'hash-count' | 'hash-kdf';
type SchemeTable = ReadonlyMap<number, SchemeDetails>;

/** TPMT_RSA_SCHEME, Part 2 §11.2.4.1. */
export const rsaSchemes: SchemeTable = new Map<number, SchemeDetails>([
  [TPM_ALG.RSASSA, 'hash'],
  [TPM_ALG.RSAPSS, 'hash'],
  [TPM_ALG.OAEP, 'hash'],
  [TPM_ALG.RSAES, 'none'],
]);

/** TPMT_ECC_SCHEME, Part 2 §11.2.5.6. */
export const eccSchemes: SchemeTable = new Map<number, SchemeDetails>([
  [TPM_ALG.ECDSA, 'hash'],
  [TPM_ALG.ECDH, 'hash'],
  [TPM_ALG.ECSCHNORR, 'hash'],
  [TPM_ALG.ECDAA, 'hash-count'],
]);

/** TPMT_KEYEDHASH_SCHEME, Part 2 §11.1.22. */
export const keyedHashSchemes: SchemeTable = new Map<number, SchemeDetails>([
  [TPM_ALG.HMAC, 'hash'],
  [TPM_ALG.XOR, 'hash-kdf'],
]);

/** TPMT_KDF_SCHEME, Part 2 §11.2.3.3. */
export const kdfSchemes: SchemeTable = new Map<number, SchemeDetails>([
  [TPM_ALG.MGF1, 'hash'],
  [TPM_ALG.KDF1_SP800_56A, 'hash'],
  [TPM_ALG.KDF2, 'hash'],
  [TPM_ALG.KDF1_SP800_108, 'hash'],
]);

/** Undefined stands for TPM_ALG_NULL, here and below. */
export function writeSymmetric(writer: ByteWriter, symmetric: SymmetricDefinition | undefined): void {
  if (symmetric === undefined) writer.u16(TPM_ALG.NULL);
  else writer.u16(symmetric.algorithm).u16(symmetric.keyBits).u16(symmetric.mode);
}

/** @throws CodecError for a symmetric algorithm or mode other than AES in CFB */
export function readSymmetric(reader: ByteReader): SymmetricDefinition | undefined {
  const at = reader.offset;
  const algorithm = reader.u16('symmetric algorithm');
  if (algorithm === TPM_ALG.NULL) return undefined;
  if (algorithm !== TPM_ALG.AES) throw unknownAlgorithm('symmetric algorithm', algorithm, at, 'TPM_ALG_AES');
  const keyBits = reader.u16('symmetric key bits');
  if (keyBits !== 128 && keyBits !== 192 && keyBits !== 256) {
    throw new CodecError(`AES key of ${keyBits} bits`, at + 2, '128, 192 or 256');
  }
  const mode = reader.u16('symmetric mode');
  if (mode !== TPM_ALG.CFB) throw unknownAlgorithm('symmetric mode', mode, at + 4, 'TPM_ALG_CFB');
  return { algorithm, keyBits, mode };
}

export function writeScheme(writer: ByteWriter, scheme: Scheme | undefined): void {
  if (scheme === undefined) {
    writer.u16(TPM_ALG.NULL);
    return;
  }
  writer.u16(scheme.algorithm);
  for (const detail of [scheme.hashAlg, scheme.count, scheme.kdf]) {
    if (detail !== undefined) writer.u16(detail);
  }
}

/** @throws CodecError for a scheme that is not in the table */
export function readScheme(reader: ByteReader, what: string, known: SchemeTable): Scheme | undefined {
  const at = reader.offset;
  const algorithm = reader.u16(what);
  if (algorithm === TPM_ALG.NULL) return undefined;
  const details = known.get(algorithm);
  if (details === undefined) throw unknownAlgorithm(what, algorithm, at, `a ${what}`);
  if (details === 'none') return { algorithm };
  const hashAlg = reader.u16(`${what} hash`);
  if (details === 'hash-count') return { algorithm, hashAlg, count: reader.u16(`${what} count`) };
  if (details === 'hash-kdf') return { algorithm, hashAlg, kdf: reader.u16(`${what} kdf`) };
  return { algorithm, hashAlg };
}

const unknownAlgorithm = (what: string, algorithm: number, offset: number, expected: string): CodecError =>
  new CodecError(`${what} 0x${algorithm.toString(16).padStart(4, '0')} is not known`, offset, expected);
