import { createPublicKey, type KeyObject } from 'node:crypto';
import { CryptokiError } from '../kernel/errors.ts';
import type { KeyAlgorithm } from '../pki/key-pair.ts';
import { pemToDer } from '../pki/pem.ts';
import { subjectName } from '../pki/subject-name.ts';
import { CKA, CKC, CKK, CKM, CKO, CKR, returnName } from './constants.ts';
import type { Attribute, Cryptoki, Handle } from './cryptoki.ts';
import type { TokenSession } from './token-session.ts';

/** Which object: label, id, or both. */
export interface ObjectAddress {
  readonly label?: string | undefined;
  readonly id?: Uint8Array | undefined;
}

/** DER of the curve's object identifier, 1.2.840.10045.3.1.7. */
const P256_PARAMETERS = Buffer.from('06082a8648ce3d030107', 'hex');

/**
 * Makes a key pair inside the token; the private key is sensitive and can never be extracted.
 *
 * @param session read-write
 */
export function generateKeyPair(
  { cryptoki, handle }: TokenSession,
  algorithm: KeyAlgorithm,
  { label, id }: { readonly label: string; readonly id: Uint8Array },
): void {
  const named: Attribute[] = [
    { type: CKA.TOKEN, value: true },
    { type: CKA.LABEL, value: label },
    { type: CKA.ID, value: Buffer.from(id) },
  ];
  const [mechanism, parameters]: [number, Attribute[]] =
    algorithm === 'ec-p256'
      ? [CKM.EC_KEY_PAIR_GEN, [{ type: CKA.EC_PARAMS, value: P256_PARAMETERS }]]
      : [
          CKM.RSA_PKCS_KEY_PAIR_GEN,
          [
            { type: CKA.MODULUS_BITS, value: 2048 },
            { type: CKA.PUBLIC_EXPONENT, value: Buffer.from([1, 0, 1]) },
          ],
        ];
  cryptoki.generateKeyPair(
    handle,
    { mechanism },
    [...named, { type: CKA.VERIFY, value: true }, ...parameters],
    [...named, ...secret, { type: CKA.SIGN, value: true }],
  );
}

/** What makes the token keep a key to itself. */
const secret: readonly Attribute[] = [
  { type: CKA.PRIVATE, value: true },
  { type: CKA.SENSITIVE, value: true },
  { type: CKA.EXTRACTABLE, value: false },
];

/** As long as a block of SHA-256: HMAC pads a shorter key with zeros to it (RFC 2104 §2). */
const HMAC_BLOCK_LENGTH = 64;

/**
 * Puts a symmetric key into the token, for HMAC-SHA256; it never comes out again. Tokens refuse keys shorter than the
 * hash (CKR_KEY_SIZE_RANGE) where DPS allows 16 bytes, so it is stored padded to a block, which gives the same HMAC.
 *
 * @param keep `false`: the key is gone when the session is closed
 * @param key 16 to 64 bytes, decoded
 */
export function importSecretKey(
  { cryptoki, handle }: TokenSession,
  key: Uint8Array,
  { label, id, keep }: { readonly label: string; readonly id: Uint8Array; readonly keep: boolean },
): Handle {
  const value = Buffer.alloc(HMAC_BLOCK_LENGTH);
  value.set(key);
  try {
    return cryptoki.createObject(handle, [
      { type: CKA.CLASS, value: CKO.SECRET_KEY },
      { type: CKA.KEY_TYPE, value: CKK.GENERIC_SECRET },
      { type: CKA.TOKEN, value: keep },
      { type: CKA.LABEL, value: label },
      { type: CKA.ID, value: Buffer.from(id) },
      { type: CKA.SIGN, value: true },
      ...secret,
      { type: CKA.VALUE, value },
    ]);
  } finally {
    value.fill(0);
  }
}

/**
 * Puts a certificate into the token, beside the key pair with the same label and id.
 *
 * @param session read-write
 * @see PKCS #11 v2.40 §4.6.3 X.509 public key certificate objects
 */
export function storeCertificate(
  { cryptoki, handle }: TokenSession,
  certificatePem: string,
  { label, id }: { readonly label: string; readonly id: Uint8Array },
): Handle {
  const der = pemToDer(certificatePem);
  return cryptoki.createObject(handle, [
    { type: CKA.CLASS, value: CKO.CERTIFICATE },
    { type: CKA.CERTIFICATE_TYPE, value: CKC.X_509 },
    { type: CKA.TOKEN, value: true },
    { type: CKA.PRIVATE, value: false },
    { type: CKA.LABEL, value: label },
    { type: CKA.ID, value: Buffer.from(id) },
    { type: CKA.SUBJECT, value: Buffer.from(subjectName(der)) },
    { type: CKA.VALUE, value: Buffer.from(der) },
  ]);
}

/** HMAC-SHA256 with a secret key of the token. */
export function hmacSha256({ cryptoki, handle }: TokenSession, key: Handle, data: Uint8Array): Uint8Array {
  cryptoki.signInit(handle, { mechanism: CKM.SHA256_HMAC }, key);
  return cryptoki.sign(handle, data, 32);
}

/**
 * Makes a group member's key with a group key that the token holds, and puts it into the token.
 *
 * SoftHSM has no derivation whose result stays inside: the device key passes through this process's memory, which is
 * overwritten at once.
 *
 * @see Azure DPS, symmetric key attestation, group enrollments: HMAC-SHA256(group key, registrationId)
 */
export function deriveGroupMemberKey(
  session: TokenSession,
  groupKey: Handle,
  registrationId: string,
  name: { readonly label: string; readonly id: Uint8Array },
): Handle {
  const derived = hmacSha256(session, groupKey, Buffer.from(registrationId));
  try {
    return importSecretKey(session, derived, { ...name, keep: true });
  } finally {
    derived.fill(0);
  }
}

/** The first object of the class that fits. @throws CryptokiError `CKR_KEY_HANDLE_INVALID` when there is none */
export function findObject(
  { cryptoki, handle }: TokenSession,
  objectClass: number,
  { label, id }: ObjectAddress,
): Handle {
  const template: Attribute[] = [{ type: CKA.CLASS, value: objectClass }];
  if (label !== undefined) template.push({ type: CKA.LABEL, value: label });
  if (id !== undefined) template.push({ type: CKA.ID, value: Buffer.from(id) });
  const [found] = cryptoki.findObjects(handle, template, 1);
  if (found !== undefined) return found;
  throw new CryptokiError(returnName(CKR.KEY_HANDLE_INVALID), 'C_FindObjects', CKR.KEY_HANDLE_INVALID, {
    hint: `The token has no ${objectClass === CKO.PUBLIC_KEY ? 'public' : 'private or secret'} key ${label ?? ''}.`,
  });
}

/** The public key of a pair, as the token tells it. */
export function readPublicKey(session: TokenSession, address: ObjectAddress): KeyObject {
  const { cryptoki, handle } = session;
  const object = findObject(session, CKO.PUBLIC_KEY, address);
  const read = (type: number): Buffer => cryptoki.getAttribute(handle, object, type);
  const base64url = (bytes: Buffer): string => bytes.toString('base64url');
  if (keyTypeOf(cryptoki, handle, object) === CKK.RSA) {
    const [n, e] = [base64url(read(CKA.MODULUS)), base64url(read(CKA.PUBLIC_EXPONENT))];
    return createPublicKey({ format: 'jwk', key: { kty: 'RSA', n, e } });
  }
  // A DER OCTET STRING around 0x04 || x || y (PKCS #11 v2.40 mechanisms §2.3.3).
  const point = read(CKA.EC_POINT).subarray(-64);
  const [x, y] = [base64url(point.subarray(0, 32)), base64url(point.subarray(32))];
  return createPublicKey({ format: 'jwk', key: { kty: 'EC', crv: 'P-256', x, y } });
}

/** CK_ULONG in the machine's order: little-endian wherever Node runs a PKCS#11 module. */
export const keyTypeOf = (cryptoki: Cryptoki, session: Handle, object: Handle): number =>
  cryptoki.getAttribute(session, object, CKA.KEY_TYPE).readUInt32LE(0);
