import { describe, expect, it } from 'vitest';
import { oneLine, plural, printable, shorten } from './text.ts';

describe('printable', () => {
  it.each([
    ['an escape sequence', '\u001b[31mred', '\\x1b[31mred'],
    ['a C1 control', 'a\u009bb', 'a\\x9bb'],
    ['a direction override', 'a\u202eb', 'a\\u{202e}b'],
    ['a NUL', 'a\u0000b', 'a\\x00b'],
    ['a lone surrogate', 'a\ud800b', 'a\ufffdb'],
  ])('makes %s visible', (_, text, expected) => {
    expect(printable(text)).toBe(expected);
  });

  it('leaves ordinary text alone, whatever its script', () => {
    const text = 'Größe 設備 👩‍🔧 naïve\n\tline two';
    expect(printable(text)).toBe(text);
  });
});

describe('oneLine', () => {
  it('joins lines and trims', () => {
    expect(oneLine('  one\r\n\n two\tthree ')).toBe('one two three');
  });
});

describe('shorten', () => {
  it('keeps what fits and marks what it cuts off', () => {
    expect(shorten('abcde', 5)).toBe('abcde');
    expect(shorten('abcdef', 5)).toBe('abcd…');
  });

  it('does not cut an astral character in half', () => {
    expect(shorten('😀😀😀', 2)).toBe('😀…');
  });
});

describe('plural', () => {
  it.each([
    [0, '0 devices'],
    [1, '1 device'],
    [12_345, '12,345 devices'],
  ])('says %d in words', (count, expected) => {
    expect(plural(count, 'device')).toBe(expected);
  });
});
