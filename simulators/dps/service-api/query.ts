import { type Refusal, refusals } from '../refusal.ts';
import { isObject } from './json.ts';

/** Which page of a query is asked for. */
export interface PageRequest {
  /** Where the page before ended; 0 begins. */
  readonly after: number;
  readonly limit: number;
}

const DEFAULT_PAGE_SIZE = 100;
const MAXIMUM_PAGE_SIZE = 1000;
const TOKEN_PREFIX = 'after:';

/**
 * Reads a query: all of one collection, page by page. Conditions are not emulated and refused, never passed over.
 *
 * @param from what may stand behind FROM here, without regard to case
 * @param headers x-ms-max-item-count and x-ms-continuation, as sent
 */
export function readQuery(
  body: unknown,
  from: string,
  headers: { readonly maxItemCount: string | undefined; readonly continuation: string | undefined },
): { readonly page: PageRequest } | { readonly refusal: Refusal } {
  const text = isObject(body) ? body['query'] : undefined;
  const known = text === undefined || text === '*' || (typeof text === 'string' && selectsAll(text, from));
  if (!known) return { refusal: refusals.invalidArgument(`expected SELECT * FROM ${from}`) };
  const { maxItemCount = String(DEFAULT_PAGE_SIZE), continuation } = headers;
  if (!/^[1-9]\d{0,8}$/.test(maxItemCount)) {
    return { refusal: refusals.invalidArgument('x-ms-max-item-count is no count') };
  }
  const after = continuation === undefined ? 0 : readContinuation(continuation);
  if (after === undefined)
    return { refusal: refusals.invalidArgument('x-ms-continuation is not one of ours') };
  return { page: { after, limit: Math.min(Number(maxItemCount), MAXIMUM_PAGE_SIZE) } };
}

/** A token to go on behind a place; clients treat it as opaque. */
export const continuationAfter = (place: number): string =>
  Buffer.from(`${TOKEN_PREFIX}${place}`).toString('base64');

function readContinuation(token: string): number | undefined {
  const text = Buffer.from(token, 'base64').toString('latin1');
  const place = text.startsWith(TOKEN_PREFIX) ? text.slice(TOKEN_PREFIX.length) : '';
  return /^\d{1,15}$/.test(place) ? Number(place) : undefined;
}

function selectsAll(text: string, from: string): boolean {
  const found = /^\s*select\s+\*\s+from\s+(\w+)\s*;?\s*$/i.exec(text)?.[1];
  return found?.toLowerCase() === from.toLowerCase();
}
