import { Buffer } from 'node:buffer';

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

/** RSA-2048 EK of the TCG EK Credential Profile (template L-1), as TPM2B_PUBLIC. */
export const ekTemplate = bytes(
  `013a0001000b000300b20020837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa0006008000430010080000000000${'0100'}${'00'.repeat(256)}`,
);

/** P-256 storage key, as TPM2B_PUBLIC: made in a millisecond where RSA takes dozens. */
export const eccStorageTemplate = bytes(
  '001a0023000b000304720000000600800043001000030010 00000000'.replace(' ', ''),
);

/** HMAC-SHA256 key that the TPM makes itself, as TPM2B_PUBLIC. */
export const hmacKeyTemplate = bytes('00100008000b000404720000 0005000b 0000'.replaceAll(' ', ''));
