import { describe, expect, it } from 'vitest';
import { freshHex } from './fresh-hex.ts';

const seen = Array.from({ length: 2_000 }, freshHex);

describe('freshHex', () => {
  it('is 16 hex digits, never the same', () => {
    for (const hex of seen) expect(hex).toMatch(/^[0-9a-f]{16}$/);
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('has no digit that stands still', () => {
    for (let at = 0; at < 16; at += 1) expect(new Set(seen.map((hex) => hex[at])).size).toBe(16);
  });
});
