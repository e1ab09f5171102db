import type { Check, RunResult } from '../../reports/run-result.ts';
import { oracleCheck } from '../verdict/oracle-check.ts';
import { parseThreshold } from '../verdict/threshold-syntax.ts';
import { checkThreshold, type Measured } from '../verdict/thresholds.ts';

/** A result that says what it is of its fleet. */
export type ShardResult = RunResult & { readonly part: NonNullable<RunResult['part']> };

/**
 * The checks of a whole fleet: of correctness, what every shard found; thresholds anew, on what all of them measured;
 * and that the shards are the fleet.
 */
export function mergeChecks(shards: readonly ShardResult[], measured: Measured): readonly Check[] {
  const byName = Map.groupBy(
    shards.flatMap(({ checks }) => checks),
    ({ kind, name }) => `${kind} ${name}`,
  );
  return [
    checkParts(shards),
    ...[...byName.values()].flatMap((same) => {
      const [first] = same;
      if (first === undefined) return [];
      return [first.kind === 'threshold' ? judgeAnew(first, measured) : joined(first, same)];
    }),
  ];
}

/** Every position of the fleet is in one shard and no other, and every shard says of each of its devices what became of it. */
function checkParts(shards: readonly ShardResult[]): Check {
  const fleetDevices = shards[0]?.part.fleetDevices ?? 0;
  const stretches = shards
    .flatMap(({ part }) => part.ranges.map((range) => ({ ...range, shard: part.shard })))
    .toSorted((a, b) => a.from - b.from);
  const wrong: string[] = [];
  let next = 0;
  for (const { from, to, shard } of stretches) {
    if (from > next) wrong.push(`devices ${next} to ${from - 1} are in no shard`);
    if (from < next)
      wrong.push(`devices ${from} to ${Math.min(next, to) - 1} are in shard ${shard} and another`);
    next = Math.max(next, to);
  }
  if (next < fleetDevices) wrong.push(`devices ${next} to ${fleetDevices - 1} are in no shard`);
  for (const { part, outcomes, devices } of shards) {
    const { assigned, ended, error, aborted } = outcomes;
    const said = assigned + ended + error + aborted;
    if (said !== devices)
      wrong.push(`shard ${part.shard} says what became of ${said} of its ${devices} devices`);
  }
  return oracleCheck(
    'every device is in exactly one shard',
    wrong,
    `${fleetDevices} devices in ${shards.length} shards`,
  );
}

/** The name of a threshold's check is the threshold. */
function judgeAnew({ name }: Check, measured: Measured): Check {
  const colon = name.indexOf(': ');
  return checkThreshold(parseThreshold(name.slice(0, colon), name.slice(colon + 2)), measured);
}

function joined(first: Check, same: readonly Check[]): Check {
  const failed = same.filter(({ passed }) => !passed);
  // `29 of 30` adds up with `30 of 30`; `1 wrong` only with what other shards found wrong.
  const alike = new Set(same.map(({ actual }) => shapeOf(actual))).size === 1;
  const telling = alike || failed.length === 0 ? same : failed;
  return {
    ...first,
    passed: failed.length === 0,
    actual: addUp(telling.map(({ actual }) => actual)),
    detail: (failed.length > 0 ? failed : same).find(({ detail }) => detail !== null)?.detail ?? null,
  };
}

/** `3 of 3 devices` and `2 of 2 devices` are `5 of 5 devices`; texts that differ in more than numbers stand side by side. */
export function addUp(texts: readonly string[]): string {
  const shapes = new Set(texts.map(shapeOf));
  const [first = ''] = texts;
  if (shapes.size !== 1) return [...new Set(texts)].join('; ');
  const numbers = texts.map((text) => (text.match(/\d+/g) ?? []).map(Number));
  let at = 0;
  return first.replaceAll(/\d+/g, () => {
    const sum = numbers.reduce((total, row) => total + (row[at] ?? 0), 0);
    at += 1;
    return String(sum);
  });
}

const shapeOf = (text: string): string => text.replaceAll(/\d+/g, '#');
