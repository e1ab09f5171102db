import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../../test/vectors/tpm/commands.json' with { type: 'json' };
import { fromHex, toHex } from '../../kernel/bytes.ts';
import { CodecError } from '../../kernel/errors.ts';
import { AES_128_CFB, type Scheme } from './algorithm-schemes.ts';
import { decodeResponse } from './command.ts';
import { commands } from './commands.ts';
import { TPM_ALG } from './constants.ts';
import {
  decodePublicArea,
  decodeTpm2bPublic,
  encodePublicArea,
  encodeTpm2bPublic,
  type PublicArea,
} from './public-area.ts';

const recorded = {
  'RSA EK': decodeResponse(commands.ReadPublic, fromHex(vectors.exchanges['ReadPublic EK'].response)),
  'RSA SRK': decodeResponse(commands.ReadPublic, fromHex(vectors.exchanges['ReadPublic SRK'].response)),
  'HMAC key': decodeResponse(
    commands.ReadPublic,
    fromHex(vectors.exchanges['ReadPublic identity key'].response),
  ),
  'ECC EK': decodeResponse(
    commands.CreatePrimary,
    fromHex(vectors.exchanges['CreatePrimary ECC EK'].response),
  ),
};

const bytes = fc.uint8Array({ maxLength: 70 });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.nat({ max: 0xffffffff });
const symmetric = fc.constantFrom(undefined, AES_128_CFB, { ...AES_128_CFB, keyBits: 256 });
const schemes = (...known: Scheme[]): fc.Arbitrary<Scheme | undefined> =>
  fc.constantFrom(undefined, ...known);
const common = { nameAlg: u16, attributes: u32, authPolicy: bytes };
const sha256 = { hashAlg: TPM_ALG.SHA256 };

const publicArea: fc.Arbitrary<PublicArea> = fc.oneof(
  fc.record({
    kind: fc.constant('rsa' as const),
    ...common,
    symmetric,
    scheme: schemes({ algorithm: TPM_ALG.RSAES }, { algorithm: TPM_ALG.OAEP, ...sha256 }),
    keyBits: u16,
    exponent: u32,
    unique: bytes,
  }),
  fc.record({
    kind: fc.constant('ecc' as const),
    ...common,
    symmetric,
    scheme: schemes(
      { algorithm: TPM_ALG.ECDSA, ...sha256 },
      { algorithm: TPM_ALG.ECDAA, ...sha256, count: 3 },
    ),
    curve: u16,
    kdf: schemes({ algorithm: TPM_ALG.KDF1_SP800_56A, ...sha256 }),
    unique: fc.record({ x: bytes, y: bytes }),
  }),
  fc.record({
    kind: fc.constant('keyedhash' as const),
    ...common,
    scheme: schemes(
      { algorithm: TPM_ALG.HMAC, ...sha256 },
      { algorithm: TPM_ALG.XOR, ...sha256, kdf: TPM_ALG.KDF1_SP800_108 },
    ),
    unique: bytes,
  }),
);

describe('decodePublicArea', () => {
  it.each(Object.entries(recorded))(
    'takes the %s of a TPM apart and puts it together again',
    (_, { outPublic }) => {
      expect(toHex(encodePublicArea(decodePublicArea(outPublic)))).toBe(toHex(outPublic));
    },
  );

  it('gives back every area that was encoded', () => {
    fc.assert(
      fc.property(publicArea, (area) => {
        expect(decodePublicArea(encodePublicArea(area))).toEqual(area);
        expect(decodeTpm2bPublic(encodeTpm2bPublic(area))).toEqual(area);
      }),
    );
  });

  it('throws nothing but CodecError, whatever comes', () => {
    const noise = fc.uint8Array({ maxLength: 80 });
    const nearly = fc
      .tuple(publicArea, noise, fc.nat())
      .map(([area, damage, at]) => damaged(encodePublicArea(area), damage, at));
    fc.assert(
      fc.property(fc.oneof(noise, nearly), (input) => {
        for (const decode of [decodePublicArea, decodeTpm2bPublic]) {
          try {
            decode(input);
          } catch (error) {
            expect(error).toBeInstanceOf(CodecError);
          }
        }
      }),
    );
  });

  it('names the offset of an algorithm that it does not know', () => {
    // TPM_ALG_SYMCIPHER; then an RSA key with a symmetric algorithm that is not AES.
    expect(() => decodePublicArea(fromHex('0025000b000300720000'))).toThrow(
      expect.objectContaining({ offset: 0 }),
    );
    expect(() => decodePublicArea(fromHex('0001000b0003007200000013'))).toThrow(
      expect.objectContaining({ offset: 10 }),
    );
  });
});

function damaged(input: Uint8Array, damage: Uint8Array, at: number): Uint8Array {
  const copy = input.slice();
  const position = at % copy.length;
  copy.set(damage.subarray(0, copy.length - position), position);
  return copy;
}
