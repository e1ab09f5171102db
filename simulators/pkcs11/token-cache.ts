import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, readdir, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import { abortError } from '../kernel/deadline.ts';
import { makeDirectory } from '../kernel/make-directory.ts';
import { type TokenContent, tokenContents } from './provision-token.ts';

const record = z.strictObject({
  tokenId: z.string(),
  content: z.enum(tokenContents),
  serial: z.string(),
  pin: z.string(),
  /** base64 SubjectPublicKeyInfo. */
  publicKey: z.string().optional(),
  image: z.record(z.string(), z.string()),
});

/** A token as the cache keeps it; `tokenId` is its label. The PIN is secret. */
export type CachedToken = z.infer<typeof record>;

/**
 * Manufactured tokens on disk, of each content numbered from 0: one file for each, with a digest in it, written at
 * once. The tokens are taken from it as copies, so that nothing a device does to its token comes back here.
 */
export interface TokenCache {
  /** The sound ones among the first `count` of the content, in order; undefined where one is missing or damaged. */
  load(content: TokenContent, count: number, signal: AbortSignal): Promise<(CachedToken | undefined)[]>;
  /** How many files there are of each content. */
  sizes(): Promise<Readonly<Record<TokenContent, number>>>;
  add(token: CachedToken): Promise<void>;
}

/** `${XDG_CACHE_HOME:-~/.cache}/dps-rig/tokens` */
export function defaultTokenCacheDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  const { XDG_CACHE_HOME: cacheHome } = environment;
  const base = cacheHome === undefined || cacheHome === '' ? join(homedir(), '.cache') : cacheHome;
  return join(base, 'dps-rig', 'tokens');
}

/** Number `index` of the tokens with this content; also its label. */
export const tokenIdOf = (content: TokenContent, index: number): string =>
  `rig-${content}-${String(index).padStart(6, '0')}`;

/** Files are read in slices so that signals and timers get their turn in between. */
const sliceLength = 200;

/** @param directory made when missing, for its owner only */
export async function openTokenCache(directory: string): Promise<TokenCache> {
  makeDirectory(directory, 'the token cache', 0o700);
  await chmod(directory, 0o700);
  const fileOf = (tokenId: string): string => join(directory, `${tokenId}.json`);
  return {
    load: async (content, count, signal) => {
      const tokens: (CachedToken | undefined)[] = [];
      for (let index = 0; index < count; index += 1) {
        if (index % sliceLength === 0) await nextTurn();
        if (signal.aborted) throw abortError(signal);
        tokens.push(readSound(fileOf(tokenIdOf(content, index))));
      }
      return tokens;
    },
    sizes: async () => {
      const names = await readdir(directory);
      const countOf = (content: TokenContent): number =>
        names.filter((name) => name.startsWith(`rig-${content}-`) && name.endsWith('.json')).length;
      return Object.fromEntries(tokenContents.map((content) => [content, countOf(content)])) as Record<
        TokenContent,
        number
      >;
    },
    add: async (token) => {
      const file = fileOf(token.tokenId);
      const text = JSON.stringify(token);
      await writeFile(`${file}.new`, `${digestOf(text)}\n${text}`, { mode: 0o600 });
      await rename(`${file}.new`, file);
    },
  };
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The digest's line comes first. */
function readSound(file: string): CachedToken | undefined {
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  const lineEnd = content.indexOf('\n');
  const text = content.slice(lineEnd + 1);
  return digestOf(text) === content.slice(0, lineEnd) ? record.parse(JSON.parse(text)) : undefined;
}
