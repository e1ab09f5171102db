import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader, concatBytes, fromBase64, fromHex, toBase64, toHex, utf8 } from './bytes.ts';

describe('ByteReader', () => {
  const bytes = fromHex('01 0203 04050607 08090a0b0c0d0e0f 0003616263 ff');

  it('reads big-endian values in order', () => {
    const reader = new ByteReader(bytes);
    expect(reader.u8('a')).toBe(0x01);
    expect(reader.u16('b')).toBe(0x0203);
    expect(reader.u32('c')).toBe(0x04050607);
    expect(reader.u64('d')).toBe(0x08090a0b0c0d0e0fn);
    expect(reader.sized('e')).toEqual(utf8('abc'));
    expect(reader.remaining).toBe(1);
    expect(reader.rest()).toEqual(fromHex('ff'));
    expect(() => reader.end('all')).not.toThrow();
  });

  it('reads a view with an offset of its own', () => {
    const part = new ByteReader(bytes.subarray(1, 3));
    expect(part.u16('b')).toBe(0x0203);
    expect(part.remaining).toBe(0);
  });

  it.each(['u8', 'u16', 'u32', 'u64', 'sized'] as const)('names the offset where %s is cut short', (read) => {
    const reader = new ByteReader(fromHex('0005aa'), 3);
    expect(() => reader[read]('size')).toThrow(expect.objectContaining({ code: 'CODEC', offset: 3 }));
  });

  it('does not move on when a value is cut short', () => {
    const reader = new ByteReader(fromHex('01'));
    expect(() => reader.u32('value')).toThrow();
    expect(reader.offset).toBe(0);
  });

  it('refuses bytes that are left over', () => {
    expect(() => new ByteReader(fromHex('00')).end('nothing')).toThrow(
      expect.objectContaining({ code: 'CODEC', offset: 0 }),
    );
  });
});

describe('hexadecimal and base64', () => {
  it('come back as they went, for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(fromHex(toHex(bytes))).toEqual(bytes);
        expect(fromBase64(toBase64(bytes))).toEqual(bytes);
      }),
    );
  });

  it('encode a view, not the buffer behind it', () => {
    const view = fromHex('00aabb00').subarray(1, 3);
    expect(toHex(view)).toBe('aabb');
    expect(toBase64(view)).toBe('qrs=');
  });

  // RFC 4648 §10
  it.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foobar', 'Zm9vYmFy'],
  ])('gives the base64 vector of %j', (text, encoded) => {
    expect(toBase64(utf8(text))).toBe(encoded);
    expect(fromBase64(encoded)).toEqual(utf8(text));
  });

  it.each(['Zg', 'Zg=', 'Z===', 'Zm9v\n', 'Zm9-', 'Zm9_', ' Zm9'])('refuse %j as base64', (text) => {
    expect(() => fromBase64(text)).toThrow(expect.objectContaining({ code: 'CODEC' }));
  });

  it.each([
    ['0', 1],
    ['0g', 1],
  ])('refuse %j as hexadecimal and name offset %i', (text, offset) => {
    expect(() => fromHex(text)).toThrow(expect.objectContaining({ code: 'CODEC', offset }));
  });
});

describe('concatBytes', () => {
  it('keeps every byte in order', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), (parts) => {
        expect(toHex(concatBytes(...parts))).toBe(parts.map(toHex).join(''));
      }),
    );
  });
});
