import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { RunResult } from '../reports/run-result.ts';
import {
  createFleetAuthority,
  ensureTpms,
  groupEnrollments,
  type ManufacturedTpm,
  type TpmMode,
} from '../simulators/index.ts';
import { serializeError } from '../simulators/kernel/errors.ts';
import { openEndpoint } from './environment/endpoint.ts';
import { openRunDirectory } from './environment/run-directory.ts';
import type { RunEndpoint } from './environment/run-endpoint.ts';
import type { PrepareRangeTask } from './load/range-tasks.ts';
import { type LiveCounts, SharedControl, sharedNowMs } from './load/shared-control.ts';
import { startWorkerPool, type WorkerPool } from './load/worker-pool.ts';
import type { Outcome } from './metrics/outcome.ts';
import { Recorder } from './metrics/recorder.ts';
import { type FleetPlan, planFleet } from './plan/fleet-plan.ts';
import { type Range, splitIntoRanges } from './plan/ranges.ts';
import { expandMatrix } from './scenario/expand.ts';
import type { Scenario } from './scenario/scenario-schema.ts';
import { buildResult } from './verdict/build-result.ts';
import { checkExpectations } from './verdict/expectations.ts';
import { judgeFleet } from './verdict/fleet-oracle.ts';
import { checkThresholds } from './verdict/thresholds.ts';

export interface RunOptions {
  readonly scenario: Scenario;
  /** For messages, and for files that the scenario names relative to itself. */
  readonly scenarioFile: string;
  /** Aborted: no device starts any more, those under way end, the reports are partial. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export type Progress =
  | { readonly stage: 'tpms' | 'credentials'; readonly done: number; readonly of: number }
  | {
      readonly stage: 'registering';
      readonly counts: LiveCounts;
      readonly of: number;
      readonly elapsedMs: number;
    };

const PROGRESS_EVERY_MS = 200;
const DEDICATED_AT_MOST = 1_000;

/**
 * A run from scenario to result: the pipeline, top to bottom.
 *
 * @throws when it is interrupted before the first device could start: there is nothing to report then
 */
export async function run(options: RunOptions): Promise<RunResult> {
  const { scenario, scenarioFile, signal, onProgress = () => undefined } = options;
  const startedAt = new Date();
  const plan = planFleet(scenario, expandMatrix(scenario));
  const ranges = splitIntoRanges(plan.devices.length, scenario.run.rangeSize);
  const setup = chooseSetup(scenario, plan, ranges.length);

  using directory = openRunDirectory();
  await using endpoint = await openEndpoint(scenario.endpoint, scenarioFile);
  await using pool = startWorkerPool(setup.workers, setup.rangesAtOnce);
  const tpms = await ensureFleetTpms(plan, signal, onProgress);
  await prepareFleet({
    plan,
    ranges,
    tpms,
    pool,
    endpoint,
    directory: directory.path,
    signal,
    onProgress,
  });
  const preparationMs = Date.now() - startedAt.getTime();

  const timed = await runFleet({
    ...options,
    plan,
    ranges,
    pool,
    endpoint,
    setup,
    directory: directory.path,
    onProgress,
  });
  const recorder = new Recorder();
  for (const outcome of timed.outcomes) if (outcome !== undefined) recorder.add(outcome);

  const interrupted = signal.aborted;
  const registrations = await endpoint.registrations();
  const checks = [
    ...judgeFleet({ plan, outcomes: timed.outcomes, registrations, hubs: endpoint.hubs, interrupted }),
    ...(interrupted ? [] : checkExpectations(plan, timed.outcomes)),
    ...checkThresholds(scenario.thresholds, recorder),
  ];
  return buildResult({
    scenario,
    scenarioFile,
    plan,
    endpoint,
    setup,
    startedAt,
    preparationMs,
    timed,
    recorder,
    checks,
    interrupted,
  });
}

/** Decided once from scenario and machine. */
export interface RunSetup {
  readonly workers: number;
  readonly rangesAtOnce: number;
  readonly tpmMode: TpmMode;
  readonly tpmDevices: number;
}

function chooseSetup(scenario: Scenario, plan: FleetPlan, ranges: number): RunSetup {
  const workers = scenario.run.workers === 'auto' ? availableParallelism() : scenario.run.workers;
  const tpmDevices = plan.devices.filter(({ spec }) => spec.attestation === 'tpm').length;
  const auto = tpmDevices <= DEDICATED_AT_MOST ? 'dedicated' : 'pooled';
  const tpmMode = scenario.tpm.mode === 'auto' ? auto : scenario.tpm.mode;
  return { workers, rangesAtOnce: rangesAtOnce(scenario, workers, ranges), tpmMode, tpmDevices };
}

/** Enough devices in hand to fill every slot of a closed loop; timed arrivals want all ranges at the start. */
function rangesAtOnce({ load, run: { rangeSize } }: Scenario, workers: number, ranges: number): number {
  if (load.arrival !== 'constant-concurrency') return Math.max(1, Math.ceil(ranges / workers));
  return 1 + Math.ceil(load.concurrency / (workers * rangeSize));
}

async function ensureFleetTpms(
  plan: FleetPlan,
  signal: AbortSignal,
  onProgress: (progress: Progress) => void,
): Promise<ReadonlyMap<string, ManufacturedTpm>> {
  const ids = plan.devices
    .filter(({ spec }) => spec.attestation === 'tpm')
    .map(({ spec }) => spec.registrationId);
  if (ids.length === 0) return new Map();
  const tpms = await ensureTpms({
    count: ids.length,
    signal,
    onProgress: (done, of) => onProgress({ stage: 'tpms', done, of }),
  });
  return new Map(tpms.map((tpm, index) => [ids[index] ?? '', tpm]));
}

interface Preparation {
  readonly plan: FleetPlan;
  readonly ranges: readonly Range[];
  readonly tpms: ReadonlyMap<string, ManufacturedTpm>;
  readonly pool: WorkerPool;
  readonly endpoint: RunEndpoint;
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

const credentialsFile = (directory: string, { number }: Range): string =>
  join(directory, `range-${number}.json`);

async function prepareFleet({
  plan,
  ranges,
  tpms,
  pool,
  endpoint,
  directory,
  signal,
  onProgress,
}: Preparation): Promise<void> {
  const authority = await createFleetAuthority(`rig-${plan.fleetTag}`);
  const honest = plan.devices.map(({ spec }) => spec);
  await endpoint.enroll(groupEnrollments(authority, honest));
  let done = 0;
  await Promise.all(
    ranges.map(async (range) => {
      const devices = plan.devices.slice(range.from, range.to);
      const own = devices.flatMap(({ spec }) => {
        const tpm = tpms.get(spec.registrationId);
        return tpm === undefined ? [] : [[spec.registrationId, tpm] as const];
      });
      const task: PrepareRangeTask = {
        range,
        devices,
        authority,
        tpms: new Map(own),
        credentialsFile: credentialsFile(directory, range),
      };
      const { enrollments } = await pool.prepareRange(task, signal);
      await endpoint.enroll(enrollments);
      done += devices.length;
      onProgress({ stage: 'credentials', done, of: plan.devices.length });
    }),
  );
}

/** What the timed part came to. */
export interface TimedPart {
  /** By position in the fleet. */
  readonly outcomes: readonly (Outcome | undefined)[];
  readonly cpuMs: number;
}

async function runFleet(
  parts: Omit<Preparation, 'tpms'> & Pick<RunOptions, 'scenario'> & { readonly setup: RunSetup },
): Promise<TimedPart> {
  const { scenario, plan, ranges, pool, endpoint, setup, directory, signal, onProgress } = parts;
  const { load, run: settings } = scenario;
  const concurrency = load.arrival === 'constant-concurrency' ? load.concurrency : undefined;
  const control = SharedControl.create({ ranges: ranges.length, concurrency });
  const began = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
  const stop = (): void => control.stop();
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();

  began[0] = sharedNowMs();
  const cpu = process.cpuUsage();
  const progress = setInterval(() => {
    const elapsedMs = sharedNowMs() - (began[0] ?? 0);
    onProgress({ stage: 'registering', counts: control.counts, of: plan.devices.length, elapsedMs });
  }, PROGRESS_EVERY_MS);
  const outcomes = new Array<Outcome | undefined>(plan.devices.length).fill(undefined);
  try {
    const tasks = ranges.map(async (range) => {
      const devices = plan.devices.slice(range.from, range.to);
      try {
        const result = await pool.runRange({
          range,
          devices,
          credentialsFile: credentialsFile(directory, range),
          control: control.memory,
          load,
          began,
          endpoint: endpoint.dps,
          seed: plan.seed,
          attemptTimeoutMs: settings.attemptTimeoutMs,
          retryPolicy: settings.retryPolicy,
          tpm: {
            mode: setup.tpmMode,
            workDirectory: join(directory, 'tpms'),
            poolSize: setup.tpmDevices === 0 ? 0 : Math.ceil(availableParallelism() / setup.workers),
          },
        });
        for (const outcome of result.outcomes) outcomes[outcome.index] = outcome;
      } catch (error) {
        // The thread died or the range could not be run: its devices have an outcome all the same.
        control.freeSlotsOf(range.number);
        for (const { spec, cell } of devices)
          outcomes[spec.index] ??= workerLost(spec, cell, error, sharedNowMs() - (began[0] ?? 0));
      }
    });
    if (load.arrival === 'all-at-once') {
      await Promise.race([control.untilReady(ranges.length), Promise.all(tasks)]);
      began[0] = sharedNowMs();
    }
    control.go();
    await Promise.all(tasks);
  } finally {
    clearInterval(progress);
    signal.removeEventListener('abort', stop);
  }
  const used = process.cpuUsage(cpu);
  return { outcomes, cpuMs: (used.user + used.system) / 1000 };
}

function workerLost(
  { index, registrationId }: { readonly index: number; readonly registrationId: string },
  cell: number,
  cause: unknown,
  atMs: number,
): Outcome {
  const error = {
    ...serializeError(cause),
    code: 'WORKER_LOST',
    message: `the worker thread was lost: ${serializeError(cause).message}`,
  };
  const times = { intendedStartMs: atMs, startMs: atMs, endMs: atMs };
  return {
    index,
    registrationId,
    cell,
    result: { kind: 'error', error },
    ...times,
    phasesMs: {},
    polls: 0,
    retries: 0,
  };
}
