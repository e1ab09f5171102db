import { freshHex } from '../kernel/fresh-hex.ts';

/** A new entity tag, its quotes included: `"13003fea-0000-0300-0000-62d1d5e50000"`. */
export function makeEtag(): string {
  const hex = freshHex();
  return `"${hex.slice(0, 8)}-0000-0300-0000-${hex.slice(8)}0000"`;
}

/**
 * Whether an If-Match header lets a request through: `*` does, and the tag itself with or without its quotes.
 * Clients write both, for the tag as for the star.
 */
export function etagMatches(ifMatch: string, etag: string): boolean {
  const given = unquoted(ifMatch.trim());
  return given === '*' || given === unquoted(etag);
}

const unquoted = (text: string): string => /^"(.*)"$/.exec(text)?.[1] ?? text;
