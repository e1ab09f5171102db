import { ByteReader, ByteWriter } from '../../kernel/bytes.ts';

/**
 * The six fields of the `authenticationKey` of DPS: everything that a TPM needs to take over an HMAC key that was
 * made elsewhere. Each without its size field.
 */
export interface ActivationBlob {
  /** Content of TPM2B_ID_OBJECT: the inner wrap key, for TPM2_ActivateCredential. */
  readonly credentialBlob: Uint8Array;
  /** Content of TPM2B_ENCRYPTED_SECRET: the credential's seed, encrypted to the EK. */
  readonly secret: Uint8Array;
  /** Content of TPM2B_PRIVATE: the key itself, for TPM2_Import. */
  readonly duplicate: Uint8Array;
  /** Content of TPM2B_ENCRYPTED_SECRET: the duplicate's seed, encrypted to the SRK. */
  readonly inSymSeed: Uint8Array;
  /** TPMT_PUBLIC of the key. */
  readonly objectPublic: Uint8Array;
  /** Text encrypted with the inner wrap key; most clients pass over it. */
  readonly encryptedData: Uint8Array;
}

const fieldNames = [
  'credentialBlob',
  'secret',
  'duplicate',
  'inSymSeed',
  'objectPublic',
  'encryptedData',
] as const satisfies readonly (keyof ActivationBlob)[];

/** The fields one after the other, each behind its 16-bit size. */
export function encodeActivationBlob(blob: ActivationBlob): Uint8Array {
  const writer = new ByteWriter();
  for (const name of fieldNames) writer.sized(blob[name]);
  return writer.finish();
}

/**
 * Takes a blob apart; the fields are views of it.
 *
 * @throws CodecError when a field is cut short or bytes are left over
 */
export function parseActivationBlob(bytes: Uint8Array): ActivationBlob {
  const reader = new ByteReader(bytes);
  const blob: ActivationBlob = {
    credentialBlob: reader.sized('credentialBlob'),
    secret: reader.sized('secret'),
    duplicate: reader.sized('duplicate'),
    inSymSeed: reader.sized('inSymSeed'),
    objectPublic: reader.sized('objectPublic'),
    encryptedData: reader.sized('encryptedData'),
  };
  reader.end('activation blob');
  return blob;
}
