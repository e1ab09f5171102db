import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { align, columnsOf, cut, fold, pad } from './console-layout.ts';

const words = fc.array(
  fc.string({ unit: 'grapheme', minLength: 1 }).map((word) => word.replaceAll(/\s/g, '_')),
);

describe('align', () => {
  it('lines columns up, also under wide characters', () => {
    const lines = align(
      [
        { title: 'name', side: 'left' },
        { title: 'n', side: 'right' },
      ],
      [
        ['設備', '1'],
        ['abc', '200'],
      ],
      40,
    );
    expect(lines).toEqual(['name    n', '設備    1', 'abc   200']);
  });

  it('lets only the growing column give way', () => {
    const columns = [
      { title: '', side: 'left', grows: true },
      { title: 'figure', side: 'right' },
    ] as const;
    const [, row] = align(columns, [['linux/individual/symmetric-key', '12,345,678']], 24);
    expect(row).toBe('linux/…c-key  12,345,678');
  });
});

describe('align, when cutting is not enough', () => {
  const columns = [
    { title: 'name', side: 'left', grows: true },
    { title: 'count', side: 'right', dispensable: 1 },
    { title: 'p90', side: 'right', dispensable: 2 },
    { title: 'p99', side: 'right' },
  ] as const;
  const rows = [['register', '1,000', '8.61 ms', '18.0 ms']];

  it.each([
    [40, 'name count p90 p99'],
    [28, 'name count p99'],
    [20, 'name p99'],
  ])('leaves out the most dispensable column first: %d columns', (width, head) => {
    expect(align(columns, rows, width)[0]?.split(/\s+/).join(' ')).toBe(head);
  });
});

describe('cut', () => {
  it('takes out the middle', () => {
    expect(cut('abcdefghij', 7)).toBe('abc…hij');
  });

  it('never gives more columns than asked for', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 3, max: 40 }), (text, width) => {
        expect(columnsOf(cut(text, width))).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe('fold', () => {
  it('breaks at blanks', () => {
    expect(fold('the quick brown fox', 10)).toEqual(['the quick', 'brown fox']);
  });

  it('breaks a word that is longer than a line', () => {
    expect(fold('ab abcdefghijkl', 5)).toEqual(['ab', 'abcde', 'fghij', 'kl']);
  });

  it('loses nothing and keeps to the width', () => {
    fc.assert(
      fc.property(words, fc.integer({ min: 4, max: 30 }), (list, width) => {
        const lines = fold(list.join(' '), width);
        expect(lines.join('').replaceAll(' ', '')).toBe(list.join(''));
        for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(width);
      }),
    );
  });
});

describe('pad', () => {
  it('counts columns, not characters', () => {
    expect(pad('設', 4)).toBe('設  ');
    expect(pad('ab', 4, 'right')).toBe('  ab');
  });
});
