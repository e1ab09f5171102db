import { createHmac, randomBytes } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toBase64, toHex } from '../kernel/bytes.ts';
import { createTestPki } from '../pki/test-pki.ts';
import { createSoftwareSymmetricKey } from './symmetric-key.ts';
import { createSoftwareX509 } from './x509.ts';

const never = new AbortController().signal;

describe('a symmetric key in software', () => {
  it('signs with HMAC-SHA256, for any key and input', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 16, maxLength: 64 }),
        fc.uint8Array(),
        async (key, input) => {
          await using module = createSoftwareSymmetricKey(toBase64(key));
          expect(toHex(await module.sign(input, never))).toBe(
            createHmac('sha256', key).update(input).digest('hex'),
          );
        },
      ),
    );
  });

  it('refuses what is not base64', () => {
    expect(() => createSoftwareSymmetricKey('not base64!')).toThrow(
      expect.objectContaining({ code: 'CODEC' }),
    );
  });

  it('does not show its key', () => {
    const key = toBase64(randomBytes(32));
    const shown = inspect(createSoftwareSymmetricKey(key), { depth: 10, showHidden: true });
    expect(shown).not.toContain(key);
  });
});

describe('an X.509 certificate in software', () => {
  it('gives TLS what it needs', async () => {
    const { issueDeviceCertificate } = await createTestPki();
    const { chainPem, privateKeyPem } = await issueDeviceCertificate({ commonName: 'dev-01' });
    const { tls } = createSoftwareX509(chainPem, privateKeyPem);
    expect(() => createSecureContext(tls)).not.toThrow();
  });
});
