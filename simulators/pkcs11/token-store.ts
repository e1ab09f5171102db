import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { finalizeCryptoki } from './cryptoki.ts';
import { deviceKeyName, type TokenContent } from './provision-token.ts';
import { createSoftHsm, type SoftHsmInstance, startSoftHsm } from './softhsm.ts';
import type { CachedToken } from './token-cache.ts';
import { writeTokenImage } from './token-image.ts';
import { formatPkcs11Uri } from './uri.ts';

/** A token ready for its device. No secret in it: the PIN is in the file that the URI names. */
export interface StoredToken {
  readonly label: string;
  readonly serial: string;
  readonly content: TokenContent;
  /** Of the device's key, with `module-path` and `pin-source`; for an empty token of the key that it will get. */
  readonly keyUri: string;
  /** base64 SubjectPublicKeyInfo, of tokens with a key pair. */
  readonly publicKey?: string | undefined;
  /** Which of the store's SoftHSMs has it. */
  readonly shard: number;
}

/** Tokens laid out in several SoftHSMs and started in this process. */
export interface TokenStore extends AsyncDisposable {
  /** In the order in which they were given. */
  readonly tokens: readonly StoredToken[];
  readonly shards: readonly SoftHsmInstance[];
}

/**
 * Beyond this SoftHSM's start-up, listing and memory grow (10,000 tokens: seconds and 230 MB); below it a token costs
 * the same however many there are.
 */
const TOKENS_PER_SHARD = 500;

/** SoftHSMs that run elsewhere, each with the tokens of a directory of ours. */
export interface RemoteSoftHsms {
  /** Path of the module that reaches one. */
  readonly client: string;
  /** @returns what the module is to find in its environment; disposing of it ends that SoftHSM */
  serve(softHsm: SoftHsmInstance): Promise<RemoteSoftHsm>;
}

export interface RemoteSoftHsm extends AsyncDisposable {
  readonly environment: Readonly<Record<string, string>>;
}

export interface TokenStoreOptions {
  /** Made when missing, not removed. In memory (tmpfs) making objects is eight times faster. */
  readonly directory: string;
  readonly tokens: readonly CachedToken[];
  /** At least so many SoftHSMs, so that threads do not wait for each other's locks. Default 1. */
  readonly shards?: number | undefined;
  /** Where the SoftHSMs run. Default: in this process. */
  readonly remote?: RemoteSoftHsms | undefined;
}

/**
 * Copies tokens into SoftHSMs of at most 500 and starts these. For the main thread, before the workers that use them;
 * to be disposed of after those have ended.
 *
 * @throws EnvironmentError when SoftHSM is missing or refuses
 */
export async function openTokenStore(options: TokenStoreOptions): Promise<TokenStore> {
  const { directory, tokens, shards: atLeast = 1, remote } = options;
  const spread = Math.max(1, Math.min(TOKENS_PER_SHARD, Math.ceil(tokens.length / atLeast)));
  const size = remote === undefined ? spread : Math.max(1, tokens.length);
  const shards: SoftHsmInstance[] = [];
  const stored: StoredToken[] = [];
  for (let from = 0; from < tokens.length; from += size) {
    const shard = shards.length;
    const home = join(directory, `shard-${String(shard).padStart(2, '0')}`);
    const softHsm = createSoftHsm(home, remote?.client);
    for (const token of tokens.slice(from, from + size)) stored.push(storeToken(token, softHsm, home, shard));
    shards.push(softHsm);
    await nextTurn(); // writing a shard takes a quarter of a second
  }
  await using resources = new AsyncDisposableStack();
  const served = await Promise.allSettled(shards.map(async (softHsm) => remote?.serve(softHsm)));
  for (const each of served) if (each.status === 'fulfilled' && each.value) resources.use(each.value);
  for (const [index, softHsm] of shards.entries()) {
    const each = served[index];
    if (each?.status === 'rejected') throw each.reason;
    if (each?.value === undefined) startSoftHsm(softHsm);
    else resources.use(keepEnvironment(each.value.environment));
    resources.defer(() => finalizeCryptoki(softHsm.modulePath));
  }
  const running = resources.move();
  return { tokens: stored, shards, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** A module that reaches a SoftHSM elsewhere connects anew in each thread: it must find the way as long as threads start. */
function keepEnvironment(environment: Readonly<Record<string, string>>): Disposable {
  const before = Object.keys(environment).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, environment);
  return {
    [Symbol.dispose]: () => {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    },
  };
}

function storeToken(token: CachedToken, softHsm: SoftHsmInstance, home: string, shard: number): StoredToken {
  const { tokenId: label, serial, content, publicKey, pin, image } = token;
  writeTokenImage(softHsm.tokenDirectory, label, image);
  const pinDirectory = join(home, 'pins');
  mkdirSync(pinDirectory, { recursive: true, mode: 0o700 });
  const pinFile = join(pinDirectory, `${label}.pin`);
  writeFileSync(pinFile, pin, { mode: 0o600 });
  const keyUri = formatPkcs11Uri({
    token: label,
    object: deviceKeyName.label,
    id: deviceKeyName.id,
    type: content === 'empty' ? 'secret-key' : 'private',
    pinSource: pathToFileURL(pinFile).href,
    modulePath: softHsm.modulePath,
  });
  return { label, serial, content, keyUri, publicKey, shard };
}
