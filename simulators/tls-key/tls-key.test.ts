import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureVersion } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import type { IssuedCertificate } from '../pki/test-pki.ts';
import { loadTlsKeys } from './native.ts';
import { type RegisteredKey, registerKey } from './register-key.ts';
import type { SignRequest } from './sign-request.ts';
import { issueIdentity, shakeHands, startClientAuthServer } from './testing/handshakes.ts';
import { softwareSigner } from './testing/software-signer.ts';

const identities = {
  'ec-p256': await issueIdentity('dev-ec', 'ec-p256'),
  'rsa-2048': await issueIdentity('dev-rsa', 'rsa-2048'),
} as const;
type Algorithm = keyof typeof identities;

/** A key whose requests are kept, over the software key of the certificate unless the test signs in its own way. */
function openKey(
  { privateKeyPem, certificatePem }: IssuedCertificate,
  sign: (request: SignRequest) => Uint8Array = softwareSigner(privateKeyPem),
): RegisteredKey & { readonly requests: SignRequest[] } {
  const requests: SignRequest[] = [];
  const key = registerKey({
    publicKey: new X509Certificate(certificatePem).publicKey,
    sign: (request) => {
      requests.push(request);
      return sign(request);
    },
  });
  return Object.assign(key, { requests });
}

const fingerprintOf = ({ certificatePem }: IssuedCertificate): string =>
  new X509Certificate(certificatePem).fingerprint256;

afterEach(() => {
  expect(loadTlsKeys().count(), 'keys left registered').toBe(0);
});

describe.each<Algorithm>(['ec-p256', 'rsa-2048'])('a TLS client with an %s key by reference', (algorithm) => {
  const identity = identities[algorithm];
  const cert = identity.chainPem;

  it.each<SecureVersion>(['TLSv1.2', 'TLSv1.3'])('is authenticated in %s', async (version) => {
    await using server = await startClientAuthServer({ minVersion: version, maxVersion: version });
    using key = openKey(identity);
    const greeting = await shakeHands(server.port, { cert, key: key.pem });
    expect(greeting).toMatchObject({ fingerprint256: fingerprintOf(identity), resumed: false });
    expect(key.requests).toMatchObject([
      algorithm === 'ec-p256'
        ? { kind: 'ecdsa', hash: 'sha256' }
        : { kind: 'rsa-pss', hash: 'sha256', mgf1Hash: 'sha256', saltLength: 32 },
    ]);
    expect(key).toMatchObject({ requested: 1, signed: 1, lastError: undefined });
  });

  it('is refused when its signature is wrong, and welcome again with a right one', async () => {
    await using server = await startClientAuthServer({ maxVersion: 'TLSv1.2' });
    const sign = softwareSigner(identity.privateKeyPem);
    let turns = 0;
    using key = openKey(identity, (request) => {
      turns += 1;
      const digest = turns === 1 ? request.digest.map((byte) => byte ^ 1) : request.digest;
      return sign({ ...request, digest });
    });
    await expect(shakeHands(server.port, { cert, key: key.pem })).rejects.toMatchObject({
      code: 'ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR',
    });
    await expect(shakeHands(server.port, { cert, key: key.pem })).resolves.toMatchObject({
      fingerprint256: fingerprintOf(identity),
    });
  });

  it.each<SecureVersion>(['TLSv1.2', 'TLSv1.3'])('learns in %s why nothing was signed', async (version) => {
    await using server = await startClientAuthServer({ minVersion: version, maxVersion: version });
    const refusal = new Error('CKR_DEVICE_ERROR in the middle of it');
    using key = openKey(identity, () => {
      throw refusal;
    });
    await expect(shakeHands(server.port, { cert, key: key.pem })).rejects.toThrow(
      /the sign function threw.*CKR_DEVICE_ERROR in the middle of it/s,
    );
    expect(key).toMatchObject({ requested: 1, signed: 0, lastError: refusal });
  });

  it.each([
    ['too few bytes', () => new Uint8Array(7)],
    ['no bytes', () => new Uint8Array(0)],
    ['no byte string', () => 'signature' as unknown as Uint8Array],
    ['nothing', () => undefined as unknown as Uint8Array],
  ])('fails its handshake only when it is given %s for a signature', async (_, sign) => {
    await using server = await startClientAuthServer();
    using key = openKey(identity, sign);
    await expect(shakeHands(server.port, { cert, key: key.pem })).rejects.toThrow(/gave no signature/);
    using good = openKey(identity);
    await expect(shakeHands(server.port, { cert, key: good.pem })).resolves.toBeDefined();
  });

  it.each([
    ['a thrown string', 'no Error'],
    ['nothing thrown', undefined],
    [
      'an object whose message throws',
      {
        get message(): string {
          throw new Error('twice');
        },
      },
    ],
  ])('survives %s', async (_, thrown) => {
    await using server = await startClientAuthServer();
    using key = openKey(identity, () => {
      throw thrown as Error;
    });
    await expect(shakeHands(server.port, { cert, key: key.pem })).rejects.toThrow(/the sign function threw/);
  });

  it('cannot make contexts from a key that was disposed of, and those it has fail', async () => {
    await using server = await startClientAuthServer();
    const key = openKey(identity);
    const secureContext = createSecureContext({ cert, key: key.pem });
    key.dispose();
    key.dispose();
    expect(() => createSecureContext({ cert, key: key.pem })).toThrow(/no key with this reference/);
    const client = { cert: '', key: '', secureContext };
    await expect(shakeHands(server.port, client)).rejects.toThrow(/the key was disposed of/);
    expect(key.requests).toEqual([]);
  });

  it('is told when certificate and key do not belong together', async () => {
    using key = openKey(identity);
    const other = await issueIdentity('dev-other', algorithm);
    expect(() => createSecureContext({ cert: other.chainPem, key: key.pem })).toThrow(/key values mismatch/);
  });
});

describe('an RSA key by reference', () => {
  it('signs with PKCS#1 v1.5 where the server takes nothing else', async () => {
    const identity = identities['rsa-2048'];
    await using server = await startClientAuthServer({
      maxVersion: 'TLSv1.2',
      sigalgs: 'RSA+SHA512:ECDSA+SHA256',
    });
    using key = openKey(identity);
    await shakeHands(server.port, { cert: identity.chainPem, key: key.pem });
    expect(key.requests).toMatchObject([{ kind: 'rsa-pkcs1', hash: 'sha512' }]);
  });
});

describe('a reference', () => {
  it.each([
    ['of nobody', Buffer.alloc(16, 7).toString('base64'), /no key with this reference/],
    ['cut short', 'AAAA', /malformed key reference/],
    ['that is no base64', '!'.repeat(24), /malformed key reference/],
  ])('%s makes no context', (_, body, message) => {
    loadTlsKeys();
    const pem = `-----BEGIN HSM KEY REFERENCE-----\n${body}\n-----END HSM KEY REFERENCE-----\n`;
    expect(() => createSecureContext({ key: pem })).toThrow(message);
  });

  it('may stand behind other text, with any line ends', () => {
    using key = openKey(identities['ec-p256']);
    const pem = `subject: dev-ec\r\n${key.pem.replaceAll('\n', '\r\n')}`;
    expect(() => createSecureContext({ cert: identities['ec-p256'].chainPem, key: pem })).not.toThrow();
  });
});
