import { createHash, createHmac, randomBytes, verify } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CKA, CKO } from './constants.ts';
import { deviceKeyName } from './provision-token.ts';
import { openTestTokens, type TestTokens } from './testing/test-tokens.ts';
import { deriveGroupMemberKey, findObject, importSecretKey } from './token-objects.ts';
import { formatPkcs11Uri, parsePkcs11Uri } from './uri.ts';

let tokens: TestTokens;
beforeAll(async () => {
  tokens = await openTestTokens({ 'ec-p256': 2, 'rsa-2048': 1, empty: 4 }, 2);
});
afterAll(async () => {
  await tokens[Symbol.asyncDispose]();
});

const message = Buffer.from('the bytes that are signed');
const digest = createHash('sha256').update(message).digest();
const tokenWith = (content: string, nth = 0) => {
  const token = tokens.tokens.filter((one) => one.content === content)[nth];
  if (token === undefined) throw new Error(`no token with ${content}`);
  return token;
};

describe('a key pair in a token', () => {
  it.each(['ec-p256', 'rsa-2048'])('is kept by the token: %s', (content) => {
    using key = tokens.host.openKey(tokenWith(content).keyUri);
    expect(key.custody()).toEqual({
      sensitive: true,
      extractable: false,
      alwaysSensitive: true,
      neverExtractable: true,
      local: true,
      refusedRead: 'CKR_ATTRIBUTE_SENSITIVE',
    });
  });

  it('has the public key that it was provisioned with', () => {
    for (const token of tokens.tokens.filter(({ publicKey }) => publicKey !== undefined)) {
      using key = tokens.host.openKey(token.keyUri);
      const spki = key.publicKey().export({ type: 'spki', format: 'der' });
      expect(spki.toString('base64')).toBe(token.publicKey);
    }
  });

  it('cannot be made extractable', () => {
    const session = tokens.host.openSession(tokenWith('ec-p256').keyUri);
    try {
      const key = findObject(session, CKO.PRIVATE_KEY, deviceKeyName);
      expect(() =>
        session.cryptoki.setAttribute(session.handle, key, { type: CKA.EXTRACTABLE, value: true }),
      ).toThrow(expect.objectContaining({ code: 'CKR_ATTRIBUTE_READ_ONLY', call: 'C_SetAttributeValue' }));
    } finally {
      session.close();
    }
  });

  it('makes ECDSA signatures that others verify, and counts them', () => {
    using key = tokens.host.openKey(tokenWith('ec-p256').keyUri);
    const signature = key.signDigest({ kind: 'ecdsa', hash: 'sha256', digest });
    const publicKey = { key: key.publicKey(), dsaEncoding: 'ieee-p1363' as const };
    expect(verify('sha256', message, publicKey, signature)).toBe(true);
    expect(key.signatures).toBe(1);
  });

  it.each([
    { kind: 'rsa-pkcs1', hash: 'sha256', padding: 1 },
    { kind: 'rsa-pss', hash: 'sha256', padding: 6 },
  ] as const)('makes $kind signatures that others verify', ({ kind, hash, padding }) => {
    using key = tokens.host.openKey(tokenWith('rsa-2048').keyUri);
    const signature = key.signDigest(
      kind === 'rsa-pss'
        ? { kind, hash, digest, mgf1Hash: 'sha256', saltLength: 32 }
        : { kind, hash, digest },
    );
    expect(verify('sha256', message, { key: key.publicKey(), padding, saltLength: 32 }, signature)).toBe(
      true,
    );
  });
});

describe('a symmetric key in a token', () => {
  it.each([16, 24, 32, 64])('signs like the key of %i bytes that was put in', (length) => {
    const token = tokenWith('empty', [16, 24, 32, 64].indexOf(length));
    const secret = randomBytes(length);
    const session = tokens.host.openSession(token.keyUri);
    importSecretKey(session, secret, { ...deviceKeyName, keep: true });
    session.close();
    using key = tokens.host.openKey(token.keyUri);
    expect(Buffer.from(key.hmac(message))).toEqual(createHmac('sha256', secret).update(message).digest());
    expect(key.custody()).toMatchObject({
      sensitive: true,
      extractable: false,
      local: false,
      refusedRead: 'CKR_ATTRIBUTE_SENSITIVE',
    });
  });

  it('is derived from a group key inside the token', () => {
    const groupKey = randomBytes(64);
    const session = tokens.host.openSession(tokenWith('empty').keyUri);
    const name = { label: 'member', id: Uint8Array.of(2) };
    const group = importSecretKey(session, groupKey, { label: 'group', id: Uint8Array.of(3), keep: false });
    deriveGroupMemberKey(session, group, 'device-1', name);
    session.close();
    const uri = formatPkcs11Uri({
      ...parsePkcs11Uri(tokenWith('empty').keyUri),
      object: 'member',
      id: name.id,
    });
    using key = tokens.host.openKey(uri);
    const expected = createHmac('sha256', groupKey).update('device-1').digest();
    expect(Buffer.from(key.hmac(message))).toEqual(createHmac('sha256', expected).update(message).digest());
  });
});

describe('opening a key', () => {
  it.each([
    ['a PIN that is wrong', { pinSource: undefined, pinValue: '99999' }, 'CKR_PIN_INCORRECT', 'C_Login'],
    ['a token that is not there', { token: 'no such token' }, 'CKR_TOKEN_NOT_PRESENT', 'C_GetSlotList'],
    ['a key that is not there', { object: 'no such key' }, 'CKR_KEY_HANDLE_INVALID', 'C_FindObjects'],
  ])('names %s, and leaves no session open', (_what, change, code, call) => {
    const { pinSource, ...honest } = parsePkcs11Uri(tokenWith('ec-p256', 1).keyUri);
    const all = { ...honest, pinSource, ...change };
    const uri = formatPkcs11Uri(
      Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)),
    );
    const before = tokens.host.sessions.open;
    expect(() => tokens.host.openKey(uri)).toThrow(expect.objectContaining({ code, call }));
    expect(tokens.host.sessions.open).toBe(before);
  });

  it('names a PIN file that cannot be read', () => {
    const uri = formatPkcs11Uri({
      ...parsePkcs11Uri(tokenWith('ec-p256').keyUri),
      pinSource: 'file:/no/such.pin',
    });
    expect(() => tokens.host.openKey(uri)).toThrow(expect.objectContaining({ code: 'PIN_UNREADABLE' }));
  });

  it('counts sessions', () => {
    const before = tokens.host.sessions;
    const key = tokens.host.openKey(tokenWith('ec-p256').keyUri);
    expect(tokens.host.sessions).toEqual({ opened: before.opened + 1, open: before.open + 1 });
    key[Symbol.dispose]();
    expect(tokens.host.sessions.open).toBe(before.open);
  });
});
