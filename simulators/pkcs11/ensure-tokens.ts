import { realpath } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { abortError } from '../kernel/deadline.ts';
import { InvariantError } from '../kernel/errors.ts';
import { createLimiter } from '../kernel/limiter.ts';
import { takeMachineLock } from '../processes/machine-lock.ts';
import { newPin, type TokenContent, tokenContents } from './provision-token.ts';
import { requireSoftHsm } from './softhsm.ts';
import {
  type CachedToken,
  defaultTokenCacheDirectory,
  openTokenCache,
  type TokenCache,
  tokenIdOf,
} from './token-cache.ts';
import { runTokenFactory, TOKENS_PER_FACTORY } from './token-factory.ts';

/** How many tokens of each content. */
export type TokenCounts = Readonly<Partial<Record<TokenContent, number>>>;

export interface EnsureTokensOptions {
  readonly counts: TokenCounts;
  /** Default: `${XDG_CACHE_HOME:-~/.cache}/dps-rig/tokens`. */
  readonly cacheDirectory?: string | undefined;
  readonly signal: AbortSignal;
  /** Called for every token made; `toMake` is what was missing at the start. */
  readonly onProgress?: ((made: number, toMake: number) => void) | undefined;
}

/**
 * The first tokens of the cache, as many of each content as are asked for; makes those that are missing or damaged,
 * by several processes. Two programs that need the same ones do not make them twice: the second waits for the first.
 *
 * @throws EnvironmentError when SoftHSM is missing
 */
export async function ensureTokens(
  options: EnsureTokensOptions,
): Promise<Readonly<Record<TokenContent, readonly CachedToken[]>>> {
  const { signal, cacheDirectory = defaultTokenCacheDirectory() } = options;
  const cache = await openTokenCache(cacheDirectory);
  const missing = (await missingTokens(cache, options)).length;
  if (missing > 0) {
    requireSoftHsm(); // before processes are started that could only say the same
    await using _lock = await takeMachineLock(`tokens ${await realpath(cacheDirectory)}`, signal);
    await makeTokens(await missingTokens(cache, options), cache, options);
  }
  return loadAll(cache, options);
}

interface MissingToken {
  readonly label: string;
  readonly content: TokenContent;
  readonly pin: string;
}

async function missingTokens(
  cache: TokenCache,
  { counts, signal }: EnsureTokensOptions,
): Promise<readonly MissingToken[]> {
  const missing: MissingToken[] = [];
  for (const content of tokenContents) {
    const tokens = await cache.load(content, counts[content] ?? 0, signal);
    for (const [index, token] of tokens.entries()) {
      if (token === undefined) missing.push({ label: tokenIdOf(content, index), content, pin: newPin() });
    }
  }
  return missing;
}

/** Keeps what was made when it fails or is stopped. */
async function makeTokens(
  missing: readonly MissingToken[],
  cache: TokenCache,
  { signal, onProgress }: EnsureTokensOptions,
): Promise<void> {
  const failure = new AbortController();
  const stop = AbortSignal.any([signal, failure.signal]);
  const processes = Math.min(availableParallelism(), missing.length);
  const limiter = createLimiter(processes);
  const requests = new Map(missing.map((request) => [request.label, request]));
  let made = 0;
  const batches = splitEvenly(missing, processes, TOKENS_PER_FACTORY).map((batch) =>
    limiter
      .run(async () => {
        await runTokenFactory(
          batch,
          async ({ label, ...token }) => {
            const request = requests.get(label);
            if (request === undefined) throw new InvariantError(`a token was made that nobody asked for`);
            await cache.add({ tokenId: label, content: request.content, pin: request.pin, ...token });
            made += 1;
            onProgress?.(made, missing.length);
          },
          stop,
        );
      }, stop)
      .catch((error: unknown) => {
        failure.abort(error);
        throw error;
      }),
  );
  await Promise.allSettled(batches);
  if (signal.aborted) throw abortError(signal);
  // The first failure stopped the others; theirs only say that they were stopped.
  if (failure.signal.aborted) throw failure.signal.reason;
}

async function loadAll(
  cache: TokenCache,
  { counts, signal }: EnsureTokensOptions,
): Promise<Readonly<Record<TokenContent, readonly CachedToken[]>>> {
  const load = async (content: TokenContent): Promise<readonly CachedToken[]> => {
    const tokens = await cache.load(content, counts[content] ?? 0, signal);
    return tokens.map((token) => {
      if (token === undefined) throw new InvariantError('a token is missing after manufacture');
      return token;
    });
  };
  return {
    'ec-p256': await load('ec-p256'),
    'rsa-2048': await load('rsa-2048'),
    empty: await load('empty'),
  };
}

/** Deals items out so that every batch has about the same mix, for RSA keys take a hundred times longer. */
function splitEvenly<T>(items: readonly T[], atLeast: number, batchAtMost: number): T[][] {
  const batches = Math.max(atLeast, Math.ceil(items.length / batchAtMost));
  return Array.from({ length: batches }, (_, batch) => items.filter((_item, at) => at % batches === batch));
}
