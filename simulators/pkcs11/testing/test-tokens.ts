import { join } from 'node:path';
import { openScratchDirectory } from '../../processes/scratch-directory.ts';
import { ensureTokens, type TokenCounts } from '../ensure-tokens.ts';
import { createTokenHost, type TokenHost } from '../token-host.ts';
import { openTokenStore, type StoredToken, type TokenStore } from '../token-store.ts';

/** Real tokens in real SoftHSMs, with a host that opens them. */
export interface TestTokens extends AsyncDisposable {
  readonly store: TokenStore;
  readonly host: TokenHost;
  readonly tokens: readonly StoredToken[];
  /** The only token that was asked for, or the first. */
  readonly token: StoredToken;
}

/** Makes tokens for one test, in a cache of its own. Disposing of them fails when a session is still open. */
export async function openTestTokens(counts: TokenCounts, shards = 1): Promise<TestTokens> {
  const directory = await openScratchDirectory({ name: 'test-tokens' });
  const made = await ensureTokens({
    counts,
    cacheDirectory: join(directory.path, 'cache'),
    signal: AbortSignal.timeout(30_000),
  });
  const cached = [...made['ec-p256'], ...made['rsa-2048'], ...made.empty];
  const store = await openTokenStore({ directory: join(directory.path, 'store'), tokens: cached, shards });
  const host = createTokenHost();
  const [token] = store.tokens;
  if (token === undefined) throw new Error('a test asked for no token');
  return {
    store,
    host,
    tokens: store.tokens,
    token,
    [Symbol.asyncDispose]: async () => {
      const { open } = host.sessions;
      await store[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
      if (open !== 0) throw new Error(`${open} sessions were left open`);
    },
  };
}
