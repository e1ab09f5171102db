import {
  constants,
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  privateEncrypt,
  randomBytes,
} from 'node:crypto';
import { digestInfo, type SignRequest } from '../sign-request.ts';

/**
 * Signs digests with a key in memory, as a token or TPM does. node:crypto hashes for itself, so ECDSA and the padding
 * of PSS are done here by the book; whether they are right is for the TLS server of the tests to say.
 */
export function softwareSigner(privateKeyPem: string): (request: SignRequest) => Uint8Array {
  const key = createPrivateKey(privateKeyPem);
  return (request) => {
    switch (request.kind) {
      case 'ecdsa':
        return signEcdsaP256(key, request.digest);
      case 'rsa-pkcs1':
        return privateEncrypt(
          { key, padding: constants.RSA_PKCS1_PADDING },
          digestInfo(request.hash, request.digest),
        );
      case 'rsa-pss':
        return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encodePss(request, 256));
    }
  };
}

/** Order of the base point of P-256 (SEC 2 §2.4.2). */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** ECDSA (SEC 1 §4.1.3); a key pair made on the spot gives k and the x coordinate of k times the base point. */
function signEcdsaP256(key: KeyObject, digest: Uint8Array): Uint8Array {
  const numberOf = (part: string | undefined): bigint =>
    BigInt(`0x${Buffer.from(part ?? '', 'base64url').toString('hex')}`);
  const { d } = key.export({ format: 'jwk' });
  const ephemeral = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  const z = BigInt(`0x${Buffer.from(digest.subarray(0, 32)).toString('hex')}`);
  const r = numberOf(ephemeral.x) % order;
  const s = (inverse(numberOf(ephemeral.d)) * (z + r * numberOf(d))) % order;
  const hex = (number: bigint): string => number.toString(16).padStart(64, '0');
  return Buffer.from(hex(r) + hex(s), 'hex');
}

/** Modulo the order, by Fermat's little theorem. */
function inverse(value: bigint): bigint {
  let result = 1n;
  let base = value % order;
  for (let exponent = order - 2n; exponent > 0n; exponent >>= 1n) {
    if ((exponent & 1n) === 1n) result = (result * base) % order;
    base = (base * base) % order;
  }
  return result;
}

/** EMSA-PSS-ENCODE for a modulus of whole bytes (RFC 8017 §9.1.1). */
function encodePss(
  { hash, digest, mgf1Hash, saltLength }: Extract<SignRequest, { kind: 'rsa-pss' }>,
  modulusBytes: number,
): Uint8Array {
  const salt = randomBytes(saltLength);
  const h = createHash(hash).update(new Uint8Array(8)).update(digest).update(salt).digest();
  const dataBlock = Buffer.alloc(modulusBytes - h.length - 1);
  dataBlock.set(salt, dataBlock.length - salt.length);
  dataBlock.writeUInt8(1, dataBlock.length - salt.length - 1);
  const mask = mgf1(mgf1Hash, h, dataBlock.length);
  const masked = dataBlock.map((byte, index) => byte ^ (mask[index] ?? 0));
  masked[0] = (masked[0] ?? 0) & 0x7f;
  return Buffer.concat([masked, h, Uint8Array.of(0xbc)]);
}

/** RFC 8017 appendix B.2.1. */
function mgf1(hash: string, seed: Uint8Array, length: number): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (let counter = 0; blocks.length * 20 < length; counter += 1) {
    blocks.push(
      createHash(hash)
        .update(seed)
        .update(Uint8Array.of(0, 0, 0, counter))
        .digest(),
    );
  }
  return Buffer.concat(blocks).subarray(0, length);
}
