import { describe, expect, it } from 'vitest';
import { etagMatches, makeEtag } from './etag.ts';

describe('entity tags', () => {
  it('are quoted and never the same', () => {
    const tags = new Set(Array.from({ length: 100 }, makeEtag));
    expect(tags.size).toBe(100);
    for (const tag of tags) expect(tag).toMatch(/^"[0-9a-f]{8}-0000-0300-0000-[0-9a-f]{12}"$/);
  });

  it.each(['"abc"', 'abc', '*', '"*"', ' "abc" '])('match an If-Match of %s', (ifMatch) => {
    expect(etagMatches(ifMatch, '"abc"')).toBe(true);
  });

  it.each(['"abd"', '', '"', '"ABC"', '**'])('do not match an If-Match of %s', (ifMatch) => {
    expect(etagMatches(ifMatch, '"abc"')).toBe(false);
  });
});
