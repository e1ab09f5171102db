import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPkcs11Uri, type Pkcs11Uri, parsePkcs11Uri } from './uri.ts';

describe('parsePkcs11Uri', () => {
  it.each<[string, Pkcs11Uri]>([
    // aziot-keyd's config.toml, as the IoT Edge documentation writes it.
    [
      'pkcs11:token=edge;object=device-id?pin-value=1234',
      { token: 'edge', object: 'device-id', pinValue: '1234' },
    ],
    // RFC 7512 §3
    ['pkcs11:object=my-pubkey;type=public', { object: 'my-pubkey', type: 'public' }],
    [
      'pkcs11:object=my-key;type=private?pin-source=file:/etc/token',
      { object: 'my-key', type: 'private', pinSource: 'file:/etc/token' },
    ],
    [
      'pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;manufacturer=Snake%20Oil,%20Inc.;model=1.0;object=my-certificate;type=cert;id=%69%95%3E%5C%F4%BD%EC%91;serial=?pin-source=file:/etc/token_pin',
      {
        token: 'The Software PKCS#11 Softtoken',
        manufacturer: 'Snake Oil, Inc.',
        model: '1.0',
        object: 'my-certificate',
        type: 'cert',
        id: Uint8Array.of(0x69, 0x95, 0x3e, 0x5c, 0xf4, 0xbd, 0xec, 0x91),
        serial: '',
        pinSource: 'file:/etc/token_pin',
      },
    ],
    [
      'pkcs11:token=A%20name%20with%20a%20substring%20%25%3B;object=my-certificate',
      { token: 'A name with a substring %;', object: 'my-certificate' },
    ],
    ['pkcs11:token=dev1;type=private;pin-value=1234', { token: 'dev1', type: 'private', pinValue: '1234' }],
    [
      'pkcs11:token=t?module-path=/usr/lib/p11.so&pin-value=0000',
      { token: 't', modulePath: '/usr/lib/p11.so', pinValue: '0000' },
    ],
    ['pkcs11:token=caf%C3%A9;x-vendor=any%2', { token: 'café' }],
    ['pkcs11:', {}],
  ])('reads %s', (text, uri) => {
    expect(parsePkcs11Uri(text)).toEqual(uri);
  });

  it.each([
    ['token=edge', 0, 'no scheme'],
    ['pkcs11:token', 7, 'token'],
    ['pkcs11:token=a;;object=b', 15, 'empty'],
    ['pkcs11:token=a;object=%2', 22, 'object'],
    ['pkcs11:token=%FF', 13, 'token'],
    ['pkcs11:token=a;token=b', 15, 'token twice'],
    ['pkcs11:token=a;type=key', 20, 'type'],
    ['pkcs11:token=a?pin-value=%zz', 25, 'pin-value'],
  ])('names the attribute and the offset of what is wrong in %s', (text, offset, named) => {
    const reading = (): unknown => parsePkcs11Uri(text);
    expect(reading).toThrow(expect.objectContaining({ code: 'CODEC', offset }));
    expect(reading).toThrow(named);
  });
});

describe('formatPkcs11Uri', () => {
  it('percent-encodes what is reserved, and every octet of an id', () => {
    const uri = { token: 'a b;c', object: 'x/y', id: Uint8Array.of(1, 0xab), pinSource: 'file:/p?q&r' };
    expect(formatPkcs11Uri(uri)).toBe(
      'pkcs11:token=a%20b%3Bc;object=x%2Fy;id=%01%AB?pin-source=file:/p?q%26r',
    );
  });

  it('keeps a byte order mark, which is a character like any other here', () => {
    const uri = { serial: '\ufeff1' };
    expect(parsePkcs11Uri(formatPkcs11Uri(uri))).toEqual(uri);
  });

  it('writes what it reads again', () => {
    const text = fc.string({ unit: 'binary' });
    const anyUri = fc.record(
      { token: text, serial: text, object: text, id: fc.uint8Array(), pinValue: text, modulePath: text },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(anyUri, (uri) => {
        expect(parsePkcs11Uri(formatPkcs11Uri(uri))).toEqual(uri);
      }),
    );
  });
});
