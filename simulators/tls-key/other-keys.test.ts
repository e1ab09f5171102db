import {
  constants,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
  sign,
  verify,
  webcrypto,
} from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadTlsKeys } from './native.ts';
import { registerKey } from './register-key.ts';
import { softwareSigner } from './testing/software-signer.ts';

/** Everything here was true before the provider came, and must stay so. */
const kinds: Record<string, () => { publicKey: KeyObject; privateKey: KeyObject }> = {
  'EC P-256': () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  'EC P-384': () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  RSA: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  'RSA-PSS': () => generateKeyPairSync('rsa-pss', { modulusLength: 2048 }),
  Ed25519: () => generateKeyPairSync('ed25519'),
};
const data = Buffer.from('data');
const hashFor = (key: KeyObject): string | null => (key.asymmetricKeyType === 'ed25519' ? null : 'sha256');

beforeAll(() => {
  loadTlsKeys();
});

describe.each(Object.entries(kinds))('beside keys by reference, %s keys in software', (_, generate) => {
  const { publicKey, privateKey } = generate();

  it.each([
    ['PKCS#8', {}],
    ['encrypted PKCS#8', { cipher: 'aes-256-cbc', passphrase: 'secret' }],
  ])('come back from %s PEM and sign', (_form, encryption) => {
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem', ...encryption });
    const parsed = createPrivateKey({ key: pem, passphrase: 'secret' });
    expect(verify(hashFor(parsed), data, publicKey, sign(hashFor(parsed), data, parsed))).toBe(true);
  });

  it('make TLS contexts', () => {
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' });
    expect(() => createSecureContext({ key })).not.toThrow();
  });

  it('give the same errors for a wrong passphrase', () => {
    const passphrase = 'secret';
    const key = privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase });
    expect(() => createPrivateKey({ key, passphrase: 'wrong' })).toThrow(/bad decrypt|bad password/i);
  });
});

describe('beside keys by reference', () => {
  it('the old forms of PEM are read', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    expect(createPrivateKey(rsa.export({ type: 'pkcs1', format: 'pem' })).equals(rsa)).toBe(true);
    // As `openssl ecparam -genkey` writes it: parameters in front of the key.
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    expect(createPrivateKey(parameters + String(ec.export({ type: 'sec1', format: 'pem' }))).equals(ec)).toBe(
      true,
    );
  });

  it('what is no key is refused as before', () => {
    expect(() => createSecureContext({ key: 'nonsense' })).toThrow(
      expect.objectContaining({ code: 'ERR_OSSL_UNSUPPORTED' }),
    );
  });

  it('RSA encrypts and decrypts', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const options = { padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' };
    const secret = publicEncrypt({ key: publicKey, ...options }, data);
    expect(privateDecrypt({ key: privateKey, ...options }, secret)).toEqual(data);
  });

  it('EC keys agree on a secret, and web crypto makes keys', async () => {
    const [one, other] = [0, 1].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
    if (one === undefined || other === undefined) expect.unreachable();
    expect(diffieHellman({ privateKey: one.privateKey, publicKey: other.publicKey })).toEqual(
      diffieHellman({ privateKey: other.privateKey, publicKey: one.publicKey }),
    );
    const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const signature = await webcrypto.subtle.sign(algorithm, keys.privateKey, data);
    await expect(webcrypto.subtle.verify(algorithm, keys.publicKey, signature, data)).resolves.toBe(true);
  });
});

describe('a key by reference outside of TLS', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const open = () =>
    registerKey({
      publicKey,
      sign: softwareSigner(String(privateKey.export({ type: 'pkcs8', format: 'pem' }))),
    });

  it('signs, has a public half, and cannot be exported', () => {
    using key = open();
    const reference = createPrivateKey(key.pem);
    expect(verify('sha384', data, publicKey, sign('sha384', data, reference))).toBe(true);
    expect(createPublicKey(reference).equals(publicKey)).toBe(true);
    expect(() => reference.export({ type: 'pkcs8', format: 'pem' })).toThrow();
    expect(() => reference.export({ format: 'jwk' })).toThrow();
  });

  it('does not sign on the threads of libuv', async () => {
    using key = open();
    const signing = new Promise((resolve, reject) => {
      sign('sha256', data, key.pem, (error, signature) =>
        error === null ? resolve(signature) : reject(error),
      );
    });
    await expect(signing).rejects.toThrow();
    expect(key.requested).toBe(0);
  });
});
