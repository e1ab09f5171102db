import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import {
  defaultTokenCacheDirectory,
  ensureTokens,
  type IssuedKey,
  openScratchDirectory,
  openTokenStore,
  type StoredToken,
  softHsmContainers,
  type TokenContent,
} from '../../simulators/index.ts';
import type { PlannedDevice } from '../plan/fleet-plan.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';
import { cacheOfPart, type FleetRun } from './fleet-run.ts';
import type { TokenSessions } from './range-tasks.ts';

/** The tokens of a fleet while a run lasts, and what was learned of their keys. */
export interface FleetTokens extends AsyncDisposable {
  readonly byRegistrationId: ReadonlyMap<string, StoredToken>;
  /** Evidence taken when credentials were made, by registrationId. */
  readonly keys: ReadonlyMap<string, IssuedKey>;
  /** Of all threads that have reported. */
  readonly sessions: TokenSessions;
  recordKey(registrationId: string, key: IssuedKey): void;
  countSessions(sessions: TokenSessions): void;
}

interface Circumstances extends Pick<FleetRun, 'partName' | 'signal' | 'onProgress'> {
  /** Where the SoftHSMs run. */
  readonly backend: Scenario['hsm']['backend'];
}

/**
 * Gives every device whose key is in a token one of its own, made when the cache has none. The tokens are copies in
 * memory: whatever a device does to its token ends with the run.
 *
 * @param workers threads that are to use them at the same time
 */
export async function openFleetTokens(
  devices: Iterable<PlannedDevice>,
  workers: number,
  { partName, signal, onProgress, backend }: Circumstances,
): Promise<FleetTokens> {
  const holders = Iterator.from(devices)
    .filter(({ spec }) => spec.keyStore === 'softhsm')
    .toArray();
  const keys = new Map<string, IssuedKey>();
  const sessions = { opened: 0, open: 0 };
  const opened = await layOut(holders, workers, { partName, signal, onProgress, backend });
  return {
    byRegistrationId: opened.tokens,
    keys,
    sessions,
    recordKey: (registrationId, key) => void keys.set(registrationId, key),
    countSessions: (counted) => {
      sessions.opened += counted.opened;
      sessions.open += counted.open;
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  };
}

async function layOut(
  holders: readonly PlannedDevice[],
  workers: number,
  { partName, signal, onProgress, backend }: Circumstances,
): Promise<{ readonly tokens: ReadonlyMap<string, StoredToken> } & AsyncDisposable> {
  if (holders.length === 0) return { tokens: new Map(), [Symbol.asyncDispose]: () => Promise.resolve() };
  const contents = holders.map(contentFor);
  const count = (wanted: TokenContent): number => contents.filter((content) => content === wanted).length;
  const made = await ensureTokens({
    counts: { 'ec-p256': count('ec-p256'), 'rsa-2048': count('rsa-2048'), empty: count('empty') },
    ...cacheOfPart(defaultTokenCacheDirectory(), partName),
    signal,
    onProgress: (done, of) => onProgress({ stage: 'tokens', done, of }),
  });
  const shelves = {
    'ec-p256': [...made['ec-p256']],
    'rsa-2048': [...made['rsa-2048']],
    empty: [...made.empty],
  };
  const cached = contents.flatMap((content) => shelves[content].shift() ?? []);
  await using resources = new AsyncDisposableStack();
  const directory = resources.use(
    await openScratchDirectory({
      name: 'tokens',
      parent: await parentFor(holders.length),
      holdsModules: true,
    }),
  );
  const store = resources.use(
    await openTokenStore({
      ...{ directory: directory.path, tokens: cached, shards: workers },
      remote: backend === 'container' ? softHsmContainers() : undefined,
    }),
  );
  const tokens = new Map(
    store.tokens.map((token, index) => [holders[index]?.spec.registrationId ?? '', token]),
  );
  const owned = resources.move();
  return { tokens, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** What a device's token must hold when the device gets it: symmetric keys are put in later. */
function contentFor({ spec: { attestation, keyAlgorithm = 'ec-p256' } }: PlannedDevice): TokenContent {
  return attestation === 'x509' ? keyAlgorithm : 'empty';
}

/** With one key pair: about 40 KB of blocks, and as much again for what devices add. */
const BYTES_PER_TOKEN = 80 * 1024;

/** In memory, where making objects is eight times faster, if there is room; containers often have little. */
async function parentFor(tokens: number): Promise<string | undefined> {
  const { bavail, bsize } = await statfs('/dev/shm').catch(() => ({ bavail: 0, bsize: 0 }));
  return bavail * bsize > tokens * BYTES_PER_TOKEN ? undefined : tmpdir();
}
