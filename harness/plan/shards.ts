import type { RunResult } from '../../reports/run-result.ts';
import { UsageError } from '../../simulators/kernel/errors.ts';
import type { Load } from './arrivals.ts';
import { type Range, shareOut, splitIntoRanges } from './ranges.ts';

/** One of several equal parts of a fleet, counted from 1. */
export interface Shard {
  readonly number: number;
  readonly of: number;
}

/**
 * Reads `2/5`.
 *
 * @throws UsageError when it is no such part
 */
export function parseShard(text: string): Shard {
  const [, number = 0, of = 0] = (/^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? []).map(Number);
  if (number >= 1 && number <= of) return { number, of };
  throw new UsageError(`"${text}" is not a part of a fleet`, {
    hint: 'Give one from 1/n to n/n: --shard 2/5 is the second of five.',
  });
}

/** How the fleet is cut, for all who take part: ranges no larger than `size`, as many for each of `parts` as it goes. */
export function splitForParts(
  devices: number,
  { size, warmUp, parts }: { readonly size: number; readonly warmUp: number; readonly parts: number },
): readonly Range[] {
  const timed = Math.max(1, devices - warmUp);
  const perPart = Math.ceil(timed / (parts * size));
  return splitIntoRanges(devices, Math.min(size, Math.ceil(timed / (parts * perPart))), warmUp);
}

/**
 * The ranges of a shard: every n-th, so that all shards together, started at one moment, load the service as one run
 * would.
 */
export const rangesOfShard = (ranges: readonly Range[], { number, of }: Shard): readonly Range[] =>
  ranges.filter((range) => range.number % of === number - 1);

/**
 * A shard's part of the load. Timed arrivals are a matter of a device's position in the fleet, and stay.
 *
 * @throws UsageError when a closed loop has fewer places than there are shards
 */
export function loadOfShard(load: Load, { number, of }: Shard): Load {
  if (load.arrival !== 'constant-concurrency') return load;
  const concurrency = shareOut(load.concurrency, of)[number - 1] ?? 0;
  if (concurrency > 0) return { ...load, concurrency };
  throw new UsageError(`${load.concurrency} devices at a time cannot be shared out to ${of}`, {
    hint: `Take at most ${load.concurrency} shards or workers, or raise load.concurrency.`,
  });
}

/** For the result, so that results of shards can be put together. */
export const describeShard = (
  { number, of }: Shard,
  fleetDevices: number,
  ranges: readonly Range[],
): RunResult['part'] => ({
  shard: number,
  of,
  fleetDevices,
  ranges: ranges.map(({ from, to }) => ({ from, to })),
});
