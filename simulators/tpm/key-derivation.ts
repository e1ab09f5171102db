import { createHash, createHmac, createSecretKey } from 'node:crypto';
import { ByteReader, ByteWriter, utf8 } from '../kernel/bytes.ts';
import { CodecError } from '../kernel/errors.ts';
import { TPM_ALG } from './codec/constants.ts';

/** Name of a hash in node:crypto. */
export type HashName = 'sha1' | 'sha256' | 'sha384' | 'sha512';

const hashNames = new Map<number, HashName>([
  [TPM_ALG.SHA1, 'sha1'],
  [TPM_ALG.SHA256, 'sha256'],
  [TPM_ALG.SHA384, 'sha384'],
  [TPM_ALG.SHA512, 'sha512'],
]);

const digestLengths = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const satisfies Record<
  HashName,
  number
>;

/** @throws CodecError when the algorithm is not a hash that TPMs use for Names */
export function hashNameOf(hashAlg: number): HashName {
  const name = hashNames.get(hashAlg);
  if (name !== undefined) return name;
  throw new CodecError(
    `hash algorithm 0x${hashAlg.toString(16).padStart(4, '0')} is not known`,
    0,
    'SHA-1 or SHA-2',
  );
}

/** Bytes of a digest. */
export const digestLength = (hash: HashName): number => digestLengths[hash];

/**
 * The Name of an object: its nameAlg, then the digest of its public area.
 *
 * @param publicArea TPMT_PUBLIC, without a size field
 * @throws CodecError when it has no known nameAlg
 * @see TPM 2.0 Part 1 §16 Names
 */
export function objectName(publicArea: Uint8Array): Uint8Array {
  const reader = new ByteReader(publicArea);
  reader.u16('object type');
  const nameAlg = reader.u16('nameAlg');
  const digest = createHash(hashNameOf(nameAlg)).update(publicArea).digest();
  return new ByteWriter().u16(nameAlg).bytes(digest).finish();
}

const noContext = new Uint8Array(0);

/**
 * Derives a key from a seed: SP 800-108 in counter mode with HMAC.
 *
 * @param label without its terminating zero byte
 * @param bits a whole number of bytes
 * @see TPM 2.0 Part 1 §11.4.10.2 KDFa()
 */
export function kdfa(
  hash: HashName,
  key: Uint8Array,
  { label, contextU = noContext, bits }: { label: string; contextU?: Uint8Array; bits: number },
): Uint8Array {
  const fixed = new ByteWriter().bytes(utf8(label)).u8(0).bytes(contextU).u32(bits).finish();
  // A KeyObject: given plain bytes, Node 24 takes five times as long for the whole HMAC.
  const secretKey = createSecretKey(key);
  return counterMode(hash, bits, (counter) =>
    createHmac(hash, secretKey).update(counter).update(fixed).digest(),
  );
}

/**
 * Derives a key from the shared secret of an ECDH exchange: the one-step derivation of SP 800-56A.
 *
 * @param z x coordinate of the shared point
 * @param label without its terminating zero byte
 * @see TPM 2.0 Part 1 §11.4.10.3 KDFe()
 */
export function kdfe(
  hash: HashName,
  z: Uint8Array,
  { label, partyU, partyV, bits }: { label: string; partyU: Uint8Array; partyV: Uint8Array; bits: number },
): Uint8Array {
  const fixed = new ByteWriter().bytes(z).bytes(utf8(label)).u8(0).bytes(partyU).bytes(partyV).finish();
  return counterMode(hash, bits, (counter) => createHash(hash).update(counter).update(fixed).digest());
}

function counterMode(hash: HashName, bits: number, block: (counter: Uint8Array) => Uint8Array): Uint8Array {
  const length = bits / 8;
  const output = new ByteWriter();
  for (let counter = 1; (counter - 1) * digestLength(hash) < length; counter += 1) {
    output.bytes(block(new ByteWriter().u32(counter).finish()));
  }
  return output.finish().subarray(0, length);
}
