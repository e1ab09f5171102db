import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64, toBase64 } from '../kernel/bytes.ts';
import {
  formatSasToken,
  parseSasToken,
  sasResourceMatches,
  sasSignatureMatches,
  signSas,
} from './sas-token.ts';

// Made with `openssl dgst -sha256 -mac HMAC`, the key being the text 0123456789abcdef twice over. The first is also what
// SharedAccessSignature of azure-iot-common 1.13 writes; C# and Python write the second form, C the third.
const key = fromBase64('MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=');
const vectors = [
  ['0ne00000001/registrations/dev-01', 'Le31MBkGoICl/+7OwnzHF03Mv861pXzKcdasI4ebnY4='],
  ['0ne00000001%2Fregistrations%2Fdev-01', '77Ye5/j+8kPKFN2LMc9oGkzgAlEp/vwVIQvV1NzTQfY='],
  ['0ne00000001%2fregistrations%2fdev-01', 'Cv0TiaFxH4e4jiuCfRfe1z8b3rhIT6PXCOvkJfsBjGs='],
] as const;

describe('SAS signatures', () => {
  it.each(vectors)('cover the resource %s as it is written', (sr, sig) => {
    expect(toBase64(signSas(key, sr, 1_700_000_000))).toBe(sig);
    expect(sasSignatureMatches({ sr, sig, se: 1_700_000_000, skn: undefined }, key)).toBe(true);
  });

  it('do not match another expiry, resource, key or signature', () => {
    const [sr, sig] = vectors[0];
    const token = { sr, sig, se: 1_700_000_000, skn: undefined };
    expect(sasSignatureMatches({ ...token, se: 1_700_000_001 }, key)).toBe(false);
    expect(sasSignatureMatches({ ...token, sr: sr.toUpperCase() }, key)).toBe(false);
    expect(sasSignatureMatches(token, key.subarray(1))).toBe(false);
    expect(sasSignatureMatches({ ...token, sig: sig.replace('L', 'M') }, key)).toBe(false);
    expect(sasSignatureMatches({ ...token, sig: sig.slice(0, -4) }, key)).toBe(false);
    expect(sasSignatureMatches({ ...token, sig: 'not base64' }, key)).toBe(false);
  });
});

describe('SAS tokens', () => {
  const signature = signSas(key, vectors[0][0], 1_700_000_000);
  const sig = 'Le31MBkGoICl%2F%2B7OwnzHF03Mv861pXzKcdasI4ebnY4%3D';

  it('are written with the signature percent-encoded', () => {
    const token = formatSasToken({
      sr: vectors[0][0],
      signature,
      expirySeconds: 1_700_000_000,
      skn: 'registration',
    });
    expect(token).toBe(`SharedAccessSignature sr=${vectors[0][0]}&sig=${sig}&se=1700000000&skn=registration`);
  });

  // The forms that clients send: Node for symmetric keys; Node for TPM, C and C#; Java; Python; IoT Edge.
  it.each([
    [`sr=a&sig=${sig}&skn=registration&se=1700000000`, 'registration'],
    [`sr=a&sig=${sig}&se=1700000000&skn=registration`, 'registration'],
    [`sr=a&sig=${sig}&se=1700000000&skn=`, ''],
    [`sr=a&sig=${sig}&se=1700000000`, undefined],
    [`sig=${sig}&se=1700000000&skn=registration&sr=a`, 'registration'],
    [`sr=a&sig=${sig}&se=1700000000&unknown=1&skn=registration`, 'registration'],
  ])('are read in every order and form: %s', (fields, skn) => {
    expect(parseSasToken(`SharedAccessSignature ${fields}`)).toEqual({
      sr: 'a',
      sig: vectors[0][1],
      se: 1_700_000_000,
      skn,
    });
  });

  it('come back as they went, for any key, resource and expiry', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 64 }),
        fc.string({ minLength: 1 }),
        fc.nat(),
        (anyKey, resource, expirySeconds) => {
          const sr = encodeURIComponent(resource);
          const made = formatSasToken({
            sr,
            signature: signSas(anyKey, sr, expirySeconds),
            expirySeconds,
            skn: 'k',
          });
          const token = parseSasToken(made);
          expect(token).toMatchObject({ sr, se: expirySeconds, skn: 'k' });
          expect(sasSignatureMatches(token, anyKey)).toBe(true);
          expect(sasResourceMatches(token, resource)).toBe(true);
        },
      ),
    );
  });

  it.each([
    'Bearer abc',
    'sharedaccesssignature sr=a&sig=b&se=1',
    'SharedAccessSignature ',
    'SharedAccessSignature sr=a&sig=b',
    'SharedAccessSignature sr=&sig=b&se=1',
    'SharedAccessSignature sr=a&sig=b&se=',
    'SharedAccessSignature sr=a&sig=b&se=-1',
    'SharedAccessSignature sr=a&sig=b&se=01', // its signature would cover other characters
    'SharedAccessSignature sr=a&sig=b&se=1e9',
    'SharedAccessSignature sr=a&sig=b&se=1234567890123456',
    'SharedAccessSignature sr=a&sig=%zz&se=1',
    'SharedAccessSignature sr=a&sr=b&sig=c&se=1',
    'SharedAccessSignature sr=a&sig&se=1',
    'SharedAccessSignature sr=a&&sig=b&se=1',
  ])('are refused when malformed: %s', (text) => {
    expect(() => parseSasToken(text)).toThrow(expect.objectContaining({ code: 'CODEC' }));
  });

  it('are read or refused, and nothing else, whatever the text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseSasToken(`SharedAccessSignature ${text}`);
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'CODEC' });
        }
      }),
    );
  });
});

describe('SAS resources', () => {
  const resource = '0ne00000001/registrations/Dev-01';

  it.each([
    ['0ne00000001/registrations/Dev-01', true],
    ['0ne00000001%2Fregistrations%2FDev-01', true],
    ['0ne00000001%2fregistrations%2fDev-01', true],
    ['0ne00000001/registrations/dev-01', true],
    ['0ne00000001/registrations/dev-011', false],
    ['0ne00000001/registrations', false],
    ['%', false],
  ])('%s belongs to the device: %s', (sr, matches) => {
    expect(sasResourceMatches({ sr, sig: '', se: 0, skn: undefined }, resource)).toBe(matches);
  });
});
