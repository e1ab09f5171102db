import { describe, expect, it } from 'vitest';
import { encodeTpm2bPublic } from './codec/public-area.ts';
import { registrationIdFromEk, registrationIdFromEkHex, templates } from './templates.ts';

describe('registrationIdFromEk', () => {
  it('is what the Node SDK derives', () => {
    // Computed with azure-iot-security-tpm 1.9.3's rule over 316 zero bytes.
    expect(registrationIdFromEk(new Uint8Array(316))).toBe(
      'pabmsxjpdlphi3mxgufbrxn73opvx3rianbwsf5dz46wu2c2hjtq',
    );
  });
});

describe('registrationIdFromEkHex', () => {
  it('is what sha256sum prints', () => {
    // head -c 316 /dev/zero | sha256sum
    expect(registrationIdFromEkHex(new Uint8Array(316))).toBe(
      '7802c95d2f1ade746d97350a18ddbfdb9f5bee2803436917a3cf3d6a685a3a67',
    );
  });
});

describe('templates', () => {
  it.each([
    ['endorsementKey', 316],
    ['endorsementKeyEmptyUnique', 60],
    ['storageRootKey', 28],
    ['storageRootKeyZeroUnique', 284],
  ] as const)('%s has the size that TPM2_CreatePrimary is given', (name, bytes) => {
    expect(encodeTpm2bPublic(templates[name])).toHaveLength(bytes);
  });
});
