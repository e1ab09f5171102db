import type {
  CellResult,
  Distribution,
  ErrorCount,
  OutcomeCounts,
  RunResult,
} from '../../reports/run-result.ts';
import type { Phase } from '../../simulators/index.ts';
import { UsageError } from '../../simulators/kernel/errors.ts';
import { DurationHistogram } from '../metrics/histogram.ts';
import { verdictOf } from '../verdict/build-result.ts';
import type { Measured } from '../verdict/thresholds.ts';
import { addUp, mergeChecks, type ShardResult } from './merge-checks.ts';
import { mergeTimeSeries } from './merge-time-series.ts';

const EXAMPLES = 5;

/**
 * Puts the results of the shards of one run together: counts add up, distributions are merged bucket by bucket, and the
 * whole fleet is judged. Of a shard that is there more than once, the one that began last counts, alone.
 *
 * @throws UsageError when they are not shards of the same run
 */
export function mergeResults(results: readonly RunResult[]): RunResult {
  const shards = newestOfEach(results.map(requireShard));
  const [first] = shards;
  if (first === undefined) throw new UsageError('there is no result to merge');
  for (const shard of shards) requireSameRun(first, shard);
  const measured = measure(shards);
  const checks = mergeChecks(shards, measured);
  const { part: _p, calibration: _c, keyCustody: _k, diagnoses: _d, ...common } = first;
  return {
    ...common,
    machine: { ...first.machine, cpu: [...new Set(shards.map(({ machine }) => machine.cpu))].join(', ') },
    load: {
      ...first.load,
      arrival: first.load.arrival.startsWith('constant concurrency')
        ? addUp(shards.map(({ load }) => load.arrival))
        : first.load.arrival,
      workers: sum(shards.map(({ load }) => load.workers)),
    },
    startedAt: shards.map(({ startedAt }) => startedAt).toSorted()[0] ?? first.startedAt,
    ...mergeCalibrations(shards),
    warmUpDevices: sum(shards.map(({ warmUpDevices = 0 }) => warmUpDevices)),
    stoppedBy: shards.find(({ stoppedBy }) => typeof stoppedBy === 'string')?.stoppedBy ?? null,
    durationMs: measured.lastEndMs,
    preparationMs: Math.max(...shards.map(({ preparationMs }) => preparationMs)),
    devices: sum(shards.map(({ devices }) => devices)),
    outcomes: addCounts(shards.map(({ outcomes }) => outcomes)),
    assignedPerSecond: measured.lastEndMs === 0 ? 0 : (measured.timed.assigned * 1000) / measured.lastEndMs,
    cpuPerDeviceMs: weighted(shards.map((shard) => [shard.cpuPerDeviceMs, timedDevices(shard)])),
    total: measured.total.toDistribution(),
    phases: mergePhases(shards),
    lateness: measured.lateness.toDistribution(),
    cells: first.cells.map((cell) => mergeCells(cell, shards)),
    ...mergeCustody(shards),
    errors: mergeErrors(shards.flatMap(({ errors }) => errors)),
    ...mergeDiagnoses(shards),
    timeSeries: mergeTimeSeries(shards.map(({ timeSeries }) => timeSeries)),
    checks: [...checks],
    verdict: verdictOf(
      checks,
      shards.some(({ verdict }) => verdict === 'interrupted'),
    ),
  };
}

/** Shards interleave in the fleet: in the order of the shards, which is that of nothing else. */
function mergeDiagnoses(shards: readonly ShardResult[]): Pick<RunResult, 'diagnoses'> {
  const all = shards.flatMap(({ diagnoses = [] }) => diagnoses);
  return all.length === 0 ? {} : { diagnoses: all };
}

function requireShard(result: RunResult): ShardResult {
  const { part } = result;
  if (part !== undefined) return { ...result, part };
  throw new UsageError(`a result of ${result.scenario.name} is of a whole fleet`, {
    hint: 'Results that are merged come from `dps-rig run --shard i/n`.',
  });
}

function newestOfEach(results: readonly ShardResult[]): readonly ShardResult[] {
  const newest = new Map<number, ShardResult>();
  for (const result of results) {
    const known = newest.get(result.part.shard);
    if (known === undefined || known.startedAt < result.startedAt) newest.set(result.part.shard, result);
  }
  return [...newest.values()].toSorted((a, b) => a.part.shard - b.part.shard);
}

function requireSameRun(first: ShardResult, other: ShardResult): void {
  const different = Object.entries({
    scenario: first.scenario.name !== other.scenario.name,
    seed: first.scenario.seed !== other.scenario.seed,
    'version of dps-rig': first.tool.version !== other.tool.version,
    'number of shards': first.part.of !== other.part.of,
    'number of devices': first.part.fleetDevices !== other.part.fleetDevices,
    matrix: first.cells.map(({ name }) => name).join() !== other.cells.map(({ name }) => name).join(),
  }).flatMap(([what, differs]) => (differs ? [what] : []));
  if (different.length === 0) return;
  throw new UsageError(
    `shards ${first.part.shard} and ${other.part.shard} are not of the same run: ${different.join(', ')}`,
  );
}

function measure(shards: readonly ShardResult[]): Measured & Record<'total' | 'lateness', DurationHistogram> {
  const phases = new Map<Phase, DurationHistogram>();
  const ofTimed = (kind: keyof OutcomeCounts): number =>
    sum(shards.flatMap(({ timeSeries }) => timeSeries.slices.map(({ outcomes }) => outcomes[kind])));
  return {
    timed: {
      assigned: ofTimed('assigned'),
      ended: ofTimed('ended'),
      error: ofTimed('error'),
      aborted: ofTimed('aborted'),
    },
    lastEndMs: Math.max(...shards.map(({ durationMs }) => durationMs)),
    total: DurationHistogram.merged(shards.map(({ total }) => total)),
    lateness: DurationHistogram.merged(shards.map(({ lateness }) => lateness)),
    phase: (phase) => {
      const known = phases.get(phase) ?? DurationHistogram.merged(ofPhase(shards, phase));
      phases.set(phase, known);
      return known;
    },
  };
}

const ofPhase = (shards: readonly ShardResult[], phase: string): readonly Distribution[] =>
  shards.flatMap(({ phases }) => phases[phase] ?? []);

function mergePhases(shards: readonly ShardResult[]): RunResult['phases'] {
  const names = new Set(shards.flatMap(({ phases }) => Object.keys(phases)));
  return Object.fromEntries(
    [...names].map((name) => [name, DurationHistogram.merged(ofPhase(shards, name)).toDistribution()]),
  );
}

function mergeCells(first: CellResult, shards: readonly ShardResult[]): CellResult {
  const same = shards.flatMap(({ cells }) => cells.filter(({ name }) => name === first.name));
  return {
    ...first,
    devices: sum(same.map(({ devices }) => devices)),
    outcomes: addCounts(same.map(({ outcomes }) => outcomes)),
    totalMs: DurationHistogram.merged(same.map(({ totalMs }) => totalMs)).toDistribution(),
  };
}

function mergeErrors(errors: readonly ErrorCount[]): ErrorCount[] {
  return [...Map.groupBy(errors, ({ code }) => code).values()]
    .flatMap((same) => {
      const [first] = same;
      const examples = same.flatMap((one) => one.examples).toSorted((a, b) => positionOf(a) - positionOf(b));
      const count = sum(same.map((one) => one.count));
      return first === undefined ? [] : [{ ...first, count, examples: examples.slice(0, EXAMPLES) }];
    })
    .toSorted((a, b) => b.count - a.count || (a.code < b.code ? -1 : 1));
}

/** A registrationId ends with the device's position in the fleet. */
const positionOf = (registrationId: string): number => Number(/\d+$/.exec(registrationId)?.[0] ?? 0);

function mergeCustody(shards: readonly ShardResult[]): Pick<RunResult, 'keyCustody'> {
  const all = shards.flatMap(({ keyCustody }) => keyCustody ?? []);
  if (all.length === 0) return {};
  const sessions = {
    opened: sum(all.map((one) => one.sessions.opened)),
    open: sum(all.map((one) => one.sessions.open)),
  };
  return { keyCustody: { keys: all.flatMap(({ keys }) => keys), sessions } };
}

function mergeCalibrations(shards: readonly ShardResult[]): Pick<RunResult, 'calibration'> {
  const all = shards.flatMap(({ calibration }) => calibration ?? []);
  if (all.length === 0) return {};
  return {
    calibration: {
      devices: sum(all.map(({ devices }) => devices)),
      cpuPerDeviceMs: weighted(all.map(({ cpuPerDeviceMs, devices }) => [cpuPerDeviceMs, devices])),
      total: DurationHistogram.merged(all.map(({ total }) => total)).toDistribution(),
    },
  };
}

const timedDevices = ({ devices, warmUpDevices = 0 }: RunResult): number => devices - warmUpDevices;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function weighted(values: readonly (readonly [value: number, weight: number])[]): number {
  const weight = sum(values.map(([, one]) => one));
  return weight === 0 ? 0 : sum(values.map(([value, one]) => value * one)) / weight;
}

const addCounts = (all: readonly OutcomeCounts[]): OutcomeCounts => ({
  assigned: sum(all.map(({ assigned }) => assigned)),
  ended: sum(all.map(({ ended }) => ended)),
  error: sum(all.map(({ error }) => error)),
  aborted: sum(all.map(({ aborted }) => aborted)),
});
