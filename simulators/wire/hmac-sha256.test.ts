import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex, utf8 } from '../kernel/bytes.ts';
import { hmacSha256 } from './hmac-sha256.ts';

describe('hmacSha256', () => {
  // RFC 4231 §4.2, §4.3 and §4.7: a short key, a key of text, a key longer than a block.
  it.each([
    [
      fromHex('0b'.repeat(20)),
      'Hi There',
      'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    ],
    [
      utf8('Jefe'),
      'what do ya want for nothing?',
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    [
      fromHex('aa'.repeat(131)),
      'Test Using Larger Than Block-Size Key - Hash Key First',
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
  ])('gives the vectors of RFC 4231', (key, message, wanted) => {
    expect(toHex(hmacSha256(key, message))).toBe(wanted);
  });

  it('agrees with node:crypto for any key and text', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: 'grapheme' }), (key, message) => {
        expect(toHex(hmacSha256(key, message))).toBe(
          createHmac('sha256', key).update(message, 'utf8').digest('hex'),
        );
      }),
    );
  });
});
