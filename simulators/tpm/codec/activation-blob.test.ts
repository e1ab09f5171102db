import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CodecError } from '../../kernel/errors.ts';
import { encodeActivationBlob, parseActivationBlob } from './activation-blob.ts';

const field = fc.uint8Array({ maxLength: 300 });
const blob = fc.record({
  credentialBlob: field,
  secret: field,
  duplicate: field,
  inSymSeed: field,
  objectPublic: field,
  encryptedData: field,
});

describe('parseActivationBlob', () => {
  it('gives back the fields that were encoded', () => {
    fc.assert(
      fc.property(blob, (fields) => {
        expect(parseActivationBlob(encodeActivationBlob(fields))).toEqual(fields);
      }),
    );
  });

  it('refuses what is cut short or too long', () => {
    fc.assert(
      fc.property(blob, fc.nat(), (fields, seed) => {
        const bytes = encodeActivationBlob(fields);
        expect(() => parseActivationBlob(bytes.subarray(0, seed % bytes.length))).toThrow(CodecError);
        expect(() => parseActivationBlob(Uint8Array.of(...bytes, 0))).toThrow(CodecError);
      }),
    );
  });
});
