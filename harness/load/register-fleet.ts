import { join } from 'node:path';
import { serializeError } from '../../simulators/kernel/errors.ts';
import type { Outcome } from '../metrics/outcome.ts';
import type { PlannedDevice } from '../plan/fleet-plan.ts';
import type { Range } from '../plan/ranges.ts';
import { credentialsFile, type FleetRun } from './fleet-run.ts';
import type { RunRangeTask } from './range-tasks.ts';
import { SharedControl, sharedNowMs } from './shared-control.ts';

/** What the timed part came to. */
export interface TimedPart {
  /** By position in the fleet. */
  readonly outcomes: readonly (Outcome | undefined)[];
  /** Of this process, all threads. */
  readonly cpuMs: number;
}

const PROGRESS_EVERY_MS = 200;

/** The second pass, timed: every device registers. When the signal aborts, no device starts any more. */
export async function registerFleet(run: FleetRun): Promise<TimedPart> {
  const { scenario, plan, ranges, pool, signal, onProgress } = run;
  const { load } = scenario;
  const concurrency = load.arrival === 'constant-concurrency' ? load.concurrency : undefined;
  const control = SharedControl.create({ ranges: ranges.length, concurrency });
  const began = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
  const elapsedMs = (): number => sharedNowMs() - (began[0] ?? 0);
  using _stopping = onceAborted(signal, () => control.stop());

  const outcomes = new Array<Outcome | undefined>(plan.devices.length).fill(undefined);
  const runOne = async (range: Range): Promise<void> => {
    const devices = plan.devices.slice(range.from, range.to);
    try {
      const result = await pool.runRange(rangeTask(run, { range, devices, control, began }));
      run.tokens.countSessions(result.tokenSessions);
      for (const outcome of result.outcomes) outcomes[outcome.index] = outcome;
    } catch (error) {
      // The thread died or the range could not be run: its devices have an outcome all the same.
      control.freeSlotsOf(range.number);
      control.ready(); // nobody at the start line waits for it
      for (const device of devices) outcomes[device.spec.index] = workerLost(device, error, elapsedMs());
    }
  };

  began[0] = sharedNowMs();
  const cpu = process.cpuUsage();
  const tell = (): void => {
    const { counts } = control;
    onProgress({ stage: 'registering', counts, of: plan.devices.length, elapsedMs: elapsedMs() });
  };
  const telling = setInterval(tell, PROGRESS_EVERY_MS);
  try {
    const running = Promise.all(ranges.map(runOne));
    if (load.arrival === 'all-at-once') {
      await Promise.race([control.untilReady(ranges.length), running]);
      began[0] = sharedNowMs();
    }
    control.go();
    await running;
  } finally {
    clearInterval(telling);
    tell();
  }
  const used = process.cpuUsage(cpu);
  return { outcomes, cpuMs: (used.user + used.system) / 1000 };
}

function rangeTask(
  { scenario, plan, setup, endpoint, directory }: FleetRun,
  {
    control,
    ...part
  }: Pick<RunRangeTask, 'range' | 'devices' | 'began'> & { readonly control: SharedControl },
): RunRangeTask {
  const { attemptTimeoutMs, retryPolicy, hubConnect, timeScale } = scenario.run;
  return {
    ...part,
    credentialsFile: credentialsFile(directory, part.range),
    control: control.memory,
    load: scenario.load,
    endpoint: endpoint.dps,
    seed: plan.seed,
    attemptTimeoutMs,
    retryPolicy,
    hubConnect,
    timeScale,
    hubs: endpoint.hubs,
    tokenSignMs: scenario.hsm.signMs,
    tpm: {
      mode: setup.tpmMode,
      workDirectory: join(directory, 'tpms'),
      poolSize: setup.tpmPoolSize,
      chip: scenario.tpm.chip,
    },
  };
}

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
