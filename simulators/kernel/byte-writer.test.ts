import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader, ByteWriter } from './bytes.ts';

describe('ByteWriter', () => {
  it('gives back every value in order, however often its buffer had to grow', () => {
    const value = fc.oneof(
      fc.record({ kind: fc.constant('u8' as const), value: fc.integer({ min: 0, max: 0xff }) }),
      fc.record({ kind: fc.constant('u16' as const), value: fc.integer({ min: 0, max: 0xffff }) }),
      fc.record({ kind: fc.constant('u32' as const), value: fc.integer({ min: 0, max: 0xffffffff }) }),
      fc.record({ kind: fc.constant('sized' as const), value: fc.uint8Array({ maxLength: 400 }) }),
    );
    fc.assert(
      fc.property(fc.array(value, { maxLength: 200, size: 'max' }), (values) => {
        const writer = new ByteWriter();
        for (const item of values) {
          if (item.kind === 'sized') writer.sized(item.value);
          else writer[item.kind](item.value);
        }
        const reader = new ByteReader(writer.finish());
        for (const item of values) expect(reader[item.kind](item.kind)).toEqual(item.value);
        reader.end('the whole');
      }),
    );
  });
});
