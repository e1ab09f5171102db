import { realpath } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { toBase64 } from '../kernel/bytes.ts';
import { abortError } from '../kernel/deadline.ts';
import { InvariantError } from '../kernel/errors.ts';
import { takeMachineLock } from '../processes/machine-lock.ts';
import { provisionTpm } from './attestation.ts';
import { defaultTpmCacheDirectory, type NewTpm, openTpmCache, type TpmCache } from './tpm-cache.ts';
import { createTpmClient } from './tpm-client.ts';
import type { ManufacturedTpm } from './transport.ts';
import { openSwtpmProcess, type SwtpmProcess } from './transports/swtpm-process.ts';

export interface EnsureTpmsOptions {
  readonly count: number;
  /** Default: `${XDG_CACHE_HOME:-~/.cache}/dps-rig/tpms`. Holds secrets of simulated TPMs only. */
  readonly cacheDirectory?: string | undefined;
  readonly signal: AbortSignal;
  /** Called for every TPM made; `toMake` is what was missing at the start. */
  readonly onProgress?: ((made: number, toMake: number) => void) | undefined;
}

/**
 * The first `count` TPMs of the cache, each with an EK and an SRK of its own; makes those that are missing or
 * damaged. Two processes that need the same ones do not make them twice: the second waits for the first.
 *
 * @throws EnvironmentError when swtpm is missing
 * @throws InvariantError when two TPMs come out with the same EK
 */
export async function ensureTpms(options: EnsureTpmsOptions): Promise<ManufacturedTpm[]> {
  const { count, signal, cacheDirectory = defaultTpmCacheDirectory() } = options;
  const cache = await openTpmCache(cacheDirectory);
  const cached = complete(await cache.load(count, signal));
  if (cached !== undefined) return cached;

  await using _lock = await takeMachineLock(`tpms ${await realpath(cacheDirectory)}`, signal);
  const tpms = await cache.load(count, signal);
  await makeMissing(tpms, cache, options);
  const all = complete(tpms);
  if (all === undefined) throw new InvariantError('a TPM is missing after manufacture');
  return all;
}

/** The TPMs, if all of them are there. */
function complete(tpms: readonly (ManufacturedTpm | undefined)[]): ManufacturedTpm[] | undefined {
  const present = tpms.filter((tpm) => tpm !== undefined);
  return present.length === tpms.length ? present : undefined;
}

/** Fills the gaps, on as many swtpm processes as there are cores; keeps what was made when it fails or is stopped. */
async function makeMissing(
  tpms: (ManufacturedTpm | undefined)[],
  cache: TpmCache,
  { signal, onProgress }: EnsureTpmsOptions,
): Promise<void> {
  const missing = [...tpms.keys()].filter((index) => tpms[index] === undefined);
  const endorsementKeys = new Set(tpms.flatMap((tpm) => (tpm ? [toBase64(tpm.endorsementKey)] : [])));
  const failure = new AbortController();
  const stop = AbortSignal.any([signal, failure.signal]);
  const queue = missing.values();
  let made = 0;

  const work = async (): Promise<void> => {
    await using factory = await openSwtpmProcess({ signal: stop });
    for (const index of queue) {
      if (stop.aborted) break;
      const tpm = await makeTpm(factory, stop);
      const endorsementKey = toBase64(tpm.endorsementKey);
      if (endorsementKeys.has(endorsementKey)) throw new InvariantError('two TPMs have the same EK');
      endorsementKeys.add(endorsementKey);
      tpms[index] = await cache.add(index, tpm);
      made += 1;
      onProgress?.(made, missing.length);
    }
  };
  const workers = Array.from({ length: Math.min(availableParallelism(), missing.length) }, () =>
    work().catch((error: unknown) => {
      failure.abort(error);
      throw error;
    }),
  );
  const results = await Promise.allSettled(workers);
  // The first failure stopped the others; theirs only say that they were stopped.
  if (signal.aborted) throw abortError(signal);
  if (failure.signal.aborted) throw failure.signal.reason;
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function makeTpm(factory: SwtpmProcess, signal: AbortSignal): Promise<NewTpm> {
  await factory.renew();
  const keys = await provisionTpm(createTpmClient(factory), { signal });
  return { ...keys, state: await factory.getState() };
}
