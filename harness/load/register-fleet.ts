import { join } from 'node:path';
import type { IssuedKey } from '../../simulators/index.ts';
import { systemClock } from '../../simulators/kernel/clock.ts';
import { serializeError } from '../../simulators/kernel/errors.ts';
import { createLimiter } from '../../simulators/kernel/limiter.ts';
import { FleetLedger } from '../metrics/fleet-ledger.ts';
import type { Outcome } from '../metrics/outcome.ts';
import { Recorder } from '../metrics/recorder.ts';
import { type Load, type Schedule, scheduleOf } from '../plan/arrivals.ts';
import type { PlannedDevice } from '../plan/fleet-plan.ts';
import type { Range } from '../plan/ranges.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';
import { credentialsFile, type FleetRun } from './fleet-run.ts';
import type { RunRangeTask } from './range-tasks.ts';
import { type LiveCounts, SharedControl, sharedNowMs } from './shared-control.ts';

/** What the timed part came to. */
export interface TimedPart {
  readonly ledger: FleetLedger;
  readonly recorder: Recorder;
  /** Of this process, all threads. */
  readonly cpuMs: number;
  /** The threshold that ended the run before its time. */
  readonly stoppedBy: string | undefined;
}

const PROGRESS_EVERY_MS = 200;
/** How long before the intended start of its first device a range is handed to a thread. */
const HAND_OUT_AHEAD_MS = 2_000;
/** Warm-up is a closed loop of its own. */
const WARM_UP_LOAD: Load = { arrival: 'constant-concurrency', concurrency: 10 };

/** Where the clock of the timed part begins. */
export interface Start {
  /** See `sharedNowMs`; not in the future. */
  readonly beganMs: number;
  /** So much later than the load says do devices start: not 0 when this part begins in the middle of a run. */
  readonly laterMs: number;
}

export interface RegisterHooks {
  /** Asked now and then while devices register: the name of a threshold that ends the run. */
  readonly brokenThreshold?: (recorder: Recorder, elapsedMs: number) => string | undefined;
  /** Called when all that comes before is done; settles at the moment of the start. */
  readonly startLine?: () => Promise<Start>;
  /** Called with what became of all devices of a range, and the keys in their tokens; never rejects. */
  readonly onRange?: (
    range: Range,
    outcomes: readonly Outcome[],
    keys: Iterable<[registrationId: string, key: IssuedKey]>,
  ) => Promise<void>;
}

/** The second pass, timed: every device registers. When the signal aborts, no device starts any more. */
export async function registerFleet(run: FleetRun, hooks: RegisterHooks = {}): Promise<TimedPart> {
  const { brokenThreshold = () => undefined, startLine = startNow, onRange = nobody } = hooks;
  const { scenario, plan, ranges } = run;
  const ledger = new FleetLedger(plan.devices);
  const recorder = new Recorder();
  const take = (outcomes: readonly Outcome[]): void => {
    for (const outcome of ledger.enter(outcomes)) recorder.add(outcome);
  };
  const warmUp = warmUpOf(ranges, scenario);
  const timed = ranges.slice(warmUp.length);
  if (warmUp.length > 0) {
    const takeUntimed = (outcomes: readonly Outcome[]): void => {
      for (const outcome of ledger.enter(outcomes)) recorder.countOnly(outcome);
    };
    const part = { ranges: warmUp, load: WARM_UP_LOAD, take: takeUntimed, first: 0 };
    await registerPart(run, { ...part, startLine: startNow, onRange });
  }
  const cpu = process.cpuUsage();
  const { stoppedBy } = await registerPart(run, {
    ...{ ranges: timed, load: scenario.load, take },
    ...{ startLine, onRange },
    first: Math.min(scenario.run.warmUpDevices, plan.devices.length),
    brokenThreshold: (elapsedMs) => brokenThreshold(recorder, elapsedMs),
  });
  const used = process.cpuUsage(cpu);
  return { ledger, recorder, cpuMs: (used.user + used.system) / 1000, stoppedBy };
}

/** Ranges that register before the timed part. */
export const warmUpOf = (ranges: readonly Range[], { run }: Scenario): readonly Range[] =>
  ranges.filter(({ to }) => to <= run.warmUpDevices);

function* keysOf(
  keys: ReadonlyMap<string, IssuedKey>,
  devices: readonly PlannedDevice[],
): Iterable<[registrationId: string, key: IssuedKey]> {
  for (const { spec } of devices) {
    const key = keys.get(spec.registrationId);
    if (key !== undefined) yield [spec.registrationId, key];
  }
}

const startNow = (): Promise<Start> => Promise.resolve({ beganMs: sharedNowMs(), laterMs: 0 });
const nobody = (): Promise<void> => Promise.resolve();

interface Part extends Required<Pick<RegisterHooks, 'startLine' | 'onRange'>> {
  readonly ranges: readonly Range[];
  /** Position in the fleet of the device that the load starts with, here or elsewhere. */
  readonly first: number;
  readonly load: Load;
  readonly take: (outcomes: readonly Outcome[]) => void;
  readonly brokenThreshold?: (elapsedMs: number) => string | undefined;
}

async function registerPart(
  run: FleetRun,
  { ranges, first, load, take, startLine, onRange, brokenThreshold = () => undefined }: Part,
): Promise<{ readonly stoppedBy: string | undefined }> {
  const { scenario, plan, pool, setup, signal, onProgress } = run;
  const schedule = scheduleOf(load, plan.seed);
  const concurrency = load.arrival === 'constant-concurrency' ? load.concurrency : undefined;
  const control = SharedControl.create({
    ranges: (ranges.at(-1)?.number ?? 0) + 1,
    concurrency,
    places: scenario.run.bundles,
  });
  const began = new Float64Array(new SharedArrayBuffer(2 * Float64Array.BYTES_PER_ELEMENT));
  const elapsedMs = (): number => sharedNowMs() - (began[0] ?? 0);
  const ended = new AbortController();
  // No more ranges are made than threads have in hand: a million devices that wait are a gigabyte.
  const places = createLimiter(setup.workers * setup.rangesAtOnce);
  using _stopping = onceAborted(signal, () => control.stop());
  void control.untilStopped(ended.signal).then(() => ended.abort());

  const runOne = async (range: Range): Promise<void> => {
    const dueMs = (schedule(range.from - first) ?? 0) + (began[1] ?? 0);
    await untilDue(dueMs - HAND_OUT_AHEAD_MS - elapsedMs(), ended.signal);
    const devices = plan.devices.slice(range.from, range.to);
    const intendedStartsMs = startsOf(range, first, schedule);
    const outcomes = await outcomesOf(range, devices, intendedStartsMs);
    take(outcomes);
    await onRange(range, outcomes, keysOf(run.tokens.keys, devices));
  };

  const outcomesOf = async (
    range: Range,
    devices: readonly PlannedDevice[],
    intendedStartsMs: Float64Array,
  ): Promise<readonly Outcome[]> => {
    try {
      const task = rangeTask(run, {
        range,
        devices,
        control,
        began,
        arrival: load.arrival,
        intendedStartsMs,
      });
      const result = await pool.runRange(task);
      run.tokens.countSessions(result.tokenSessions);
      return result.outcomes;
    } catch (error) {
      // The thread died or the range could not be run: its devices have an outcome all the same.
      control.freeSlotsOf(range.number);
      control.ready(); // nobody at the start line waits for it
      return devices.map((device) => workerLost(device, error, elapsedMs()));
    }
  };

  const begin = async (): Promise<void> => {
    const start = await startLine();
    began[1] = start.laterMs;
    began[0] = start.beganMs;
  };
  if (load.arrival === 'all-at-once') began[0] = sharedNowMs();
  else await begin();
  let stoppedBy: string | undefined;
  const watch = (): void => {
    const { counts } = control;
    const countsOf = (range: number): LiveCounts => control.countsOf(range);
    onProgress({ stage: 'registering', counts, countsOf, of: plan.devices.count, elapsedMs: elapsedMs() });
    stoppedBy ??= brokenThreshold(elapsedMs());
    if (stoppedBy !== undefined) control.stop();
  };
  const watching = setInterval(watch, PROGRESS_EVERY_MS);
  try {
    const running = Promise.all(ranges.map((range) => places.run(() => runOne(range))));
    if (load.arrival === 'all-at-once') {
      await Promise.race([control.untilReady(ranges.length), running]);
      await begin();
    }
    control.go();
    await running;
  } finally {
    clearInterval(watching);
    ended.abort();
    watch();
  }
  return { stoppedBy };
}

/** Waits until a range is due, or nobody starts any more: its devices then say so themselves. */
async function untilDue(waitMs: number, signal: AbortSignal): Promise<void> {
  if (waitMs > 0 && !signal.aborted) await systemClock.sleepMs(waitMs, signal).catch(() => undefined);
}

const startsOf = ({ from, to }: Range, first: number, schedule: Schedule): Float64Array =>
  Float64Array.from({ length: to - from }, (_, at) => schedule(from + at - first) ?? Number.NaN);

function rangeTask(
  run: FleetRun,
  {
    control,
    ...part
  }: Pick<RunRangeTask, 'range' | 'devices' | 'began' | 'arrival' | 'intendedStartsMs'> & {
    readonly control: SharedControl;
  },
): RunRangeTask {
  const { scenario, plan, setup, endpoint, proxy, directory } = run;
  const { attemptTimeoutMs, retryPolicy, hubConnect, timeScale } = scenario.run;
  return {
    ...part,
    credentialsFile: credentialsFile(directory, part.range),
    control: control.memory,
    endpoint: { ...endpoint.dps, proxy },
    nullEndpoint: endpoint.kind === 'null' ? { madeUpDurations: hasMadeUpDurations(scenario) } : undefined,
    seed: plan.seed,
    attemptTimeoutMs,
    retryPolicy,
    hubConnect,
    timeScale,
    hubs: endpoint.hubs,
    watch: endpoint.kind === 'null' ? 'none' : (run.watch ?? 'none'),
    life: scenario.life && { ...scenario.life, directory: join(directory, 'disks') },
    tokenSignMs: scenario.hsm.signMs,
    tpm: {
      mode: setup.tpmMode,
      workDirectory: join(directory, 'tpms'),
      poolSize: endpoint.kind === 'null' ? 0 : setup.tpmPoolSize,
      chip: scenario.tpm.chip,
      slots: run.tpmSlots,
    },
  };
}

const hasMadeUpDurations = ({ endpoint }: Scenario): boolean =>
  endpoint.kind === 'null' && endpoint.madeUpDurations;

function onceAborted(signal: AbortSignal, act: () => void): Disposable {
  signal.addEventListener('abort', act);
  if (signal.aborted) act();
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', act) };
}

function workerLost({ spec, cell }: PlannedDevice, thrown: unknown, atMs: number): Outcome {
  const cause = serializeError(thrown);
  const error = { ...cause, code: 'WORKER_LOST', message: `the worker thread was lost: ${cause.message}` };
  return {
    index: spec.index,
    registrationId: spec.registrationId,
    cell,
    result: { kind: 'error', error },
    intendedStartMs: atMs,
    startMs: atMs,
    endMs: atMs,
    phasesMs: {},
    polls: 0,
    retries: 0,
  };
}
