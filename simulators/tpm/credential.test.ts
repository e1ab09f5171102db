import { constants, generateKeyPairSync, privateDecrypt } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../test/vectors/tpm/activation-blob.json' with { type: 'json' };
import { fromHex, toHex, utf8 } from '../kernel/bytes.ts';
import { CodecError } from '../kernel/errors.ts';
import { parseActivationBlob } from './codec/activation-blob.ts';
import { AES_128_CFB } from './codec/algorithm-schemes.ts';
import { TPM_ALG } from './codec/constants.ts';
import {
  decodeTpm2bPublic,
  encodeTpm2bPublic,
  publicAreaBytes,
  type RsaPublicArea,
} from './codec/public-area.ts';
import {
  makeActivationBlob,
  objectName,
  parseStorageKey,
  wrapCredential,
  wrapDuplicate,
} from './credential.ts';
import { kdfa } from './key-derivation.ts';

const seed = fromHex(vectors.inputs.seed);
const innerKey = fromHex(vectors.inputs.innerKey);
const seedValue = fromHex(vectors.inputs.seedValue);
const hmacKey = fromHex(vectors.inputs.hmacKey);
const aes128 = { hash: 'sha256', symmetricKeyBits: 128 } as const;
const sized = (content: Uint8Array): string => toHex(Uint8Array.of(0, content.length)) + toHex(content);

/** A storage key whose private half the test holds. */
function rsaStorageKey(attributes = 0x00030472) {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const tpm2bPublic = encodeTpm2bPublic({
    kind: 'rsa',
    nameAlg: TPM_ALG.SHA256,
    attributes,
    authPolicy: new Uint8Array(0),
    symmetric: AES_128_CFB,
    scheme: undefined,
    keyBits: 2048,
    exponent: 0,
    unique: Buffer.from(publicKey.export({ format: 'jwk' }).n ?? '', 'base64url'),
  });
  const decrypt = (secret: Uint8Array, label: string): Uint8Array =>
    privateDecrypt(
      {
        key: privateKey,
        padding: constants.RSA_PKCS1_OAEP_PADDING,
        oaepHash: 'sha256',
        oaepLabel: utf8(label),
      },
      secret,
    );
  return { tpm2bPublic, decrypt };
}

describe('objectName', () => {
  it('is the nameAlg and the digest of the public area', () => {
    expect(toHex(objectName(publicAreaBytes(fromHex(vectors.tpm2bPublic))))).toBe(vectors.name);
  });
});

describe('kdfa', () => {
  it('derives the keys of the vector', () => {
    const contextU = fromHex(vectors.name);
    expect(toHex(kdfa('sha256', seed, { label: 'STORAGE', contextU, bits: 128 }))).toBe(vectors.kdfaStorage);
    expect(toHex(kdfa('sha256', seed, { label: 'INTEGRITY', bits: 256 }))).toBe(vectors.kdfaIntegrity);
  });
});

describe('wrapCredential', () => {
  it('makes the TPM2B_ID_OBJECT of the vector', () => {
    const name = fromHex(vectors.inputs.storageRootKeyName);
    expect(sized(wrapCredential(aes128, { seed, name, credential: innerKey }))).toBe(vectors.tpm2bIdObject);
  });
});

describe('wrapDuplicate', () => {
  it('makes the TPM2B_PRIVATE of the vector', () => {
    const sensitive = fromHex(`0008 0000 0020${vectors.inputs.seedValue} 0020${vectors.inputs.hmacKey}`);
    const name = fromHex(vectors.name);
    expect(sized(wrapDuplicate(aes128, { seed, innerKey, name, sensitive }))).toBe(vectors.tpm2bPrivate);
  });
});

describe('makeActivationBlob', () => {
  const endorsementKey = rsaStorageKey(0x000300b2);
  const storageRootKey = rsaStorageKey();
  const secrets = { seedValue, innerKey, credentialSeed: seed, duplicationSeed: seed };
  const options = {
    endorsementKey: endorsementKey.tpm2bPublic,
    storageRootKey: storageRootKey.tpm2bPublic,
    hmacKey,
    data: utf8('example.azure-devices.net'),
  };

  it('reproduces the fields of the vector from the same secrets', () => {
    const blob = parseActivationBlob(
      makeActivationBlob({ ...options, policy: 'duplicate', random: (_, purpose) => secrets[purpose] }),
    );
    expect(sized(blob.objectPublic)).toBe(vectors.tpm2bPublic);
    expect(sized(blob.duplicate)).toBe(vectors.tpm2bPrivate);
    expect(toHex(endorsementKey.decrypt(blob.secret, 'IDENTITY\0'))).toBe(vectors.inputs.seed);
    expect(toHex(storageRootKey.decrypt(blob.inSymSeed, 'DUPLICATE\0'))).toBe(vectors.inputs.seed);
    const name = objectName(publicAreaBytes(options.storageRootKey));
    expect(blob.credentialBlob).toEqual(wrapCredential(aes128, { seed, name, credential: innerKey }));
  });

  it('has the layout of blobs captured from the real service, and no policy', () => {
    const bytes = makeActivationBlob(options);
    expect(bytes).toHaveLength(766 + options.data.length);
    const blob = parseActivationBlob(bytes);
    expect(blob.credentialBlob).toHaveLength(52);
    expect(blob.duplicate).toHaveLength(142);
    expect(toHex(blob.objectPublic.subarray(0, 16))).toBe('0008000b0004044000000005000b0020');
  });

  it('draws new secrets each time, and takes keys that were parsed before', () => {
    const parsed = {
      ...options,
      endorsementKey: parseStorageKey(options.endorsementKey),
      storageRootKey: parseStorageKey(options.storageRootKey),
    };
    const [a, b] = [
      parseActivationBlob(makeActivationBlob(parsed)),
      parseActivationBlob(makeActivationBlob(parsed)),
    ];
    expect(a.objectPublic).not.toEqual(b.objectPublic);
    expect(a.encryptedData).not.toEqual(b.encryptedData);
    expect(a.duplicate).not.toEqual(b.duplicate);
  });

  it.each([
    ['is cut short', options.endorsementKey.subarray(0, 100)],
    ['has trailing bytes', Uint8Array.of(...options.endorsementKey, 0)],
    ['is a signing key', rsaStorageKey(0x00040472).tpm2bPublic],
    ['is a keyed hash', fromHex(vectors.tpm2bPublic)],
    [
      'has a modulus of another length',
      changed(options.endorsementKey, { unique: new Uint8Array(255).fill(0xc1) }),
    ],
    ['has a modulus of zeros', changed(options.endorsementKey, { unique: new Uint8Array(256) })],
    ['has an even exponent', changed(options.endorsementKey, { exponent: 2 })],
  ])('refuses an EK that %s', (_, endorsementKeyBytes) => {
    expect(() => makeActivationBlob({ ...options, endorsementKey: endorsementKeyBytes })).toThrow(
      expect.objectContaining({ code: 'CODEC' }),
    );
  });

  it('throws nothing but CodecError for a damaged EK', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 8 }), fc.nat({ max: 276 }), (damage, at) => {
        const damaged = options.endorsementKey.slice();
        damaged.set(damage, at);
        try {
          makeActivationBlob({ ...options, endorsementKey: damaged });
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError);
        }
      }),
    );
  });
});

function changed(tpm2bPublic: Uint8Array, change: Partial<RsaPublicArea>): Uint8Array {
  const area = decodeTpm2bPublic(tpm2bPublic);
  if (area.kind !== 'rsa') throw new Error('the test starts from an RSA key');
  return encodeTpm2bPublic({ ...area, ...change });
}
