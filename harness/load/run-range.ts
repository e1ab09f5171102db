import { readFile } from 'node:fs/promises';
import {
  createDevice,
  type Device,
  type DeviceCredentials,
  type DeviceResult,
  type DeviceTrace,
} from '../../simulators/index.ts';
import { systemClock } from '../../simulators/kernel/clock.ts';
import { InvariantError, serializeError } from '../../simulators/kernel/errors.ts';
import type { Outcome } from '../metrics/outcome.ts';
import { intendedStartMs } from '../plan/arrivals.ts';
import type { PlannedDevice } from '../plan/fleet-plan.ts';
import type { RangeOutcomes, RunRangeTask } from './range-tasks.ts';
import { SharedControl, sharedNowMs } from './shared-control.ts';
import { enterThread } from './thread-context.ts';

/** How long before its intended start a device is made ready. */
const PREPARE_AHEAD_MS = 500;

/** Registers the devices of a range; every device comes back with an outcome, whatever became of it. */
export async function runRange(task: RunRangeTask): Promise<RangeOutcomes> {
  const control = new SharedControl(task.control);
  await using thread = await enterThread(task);
  const credentials = JSON.parse(
    await readFile(task.credentialsFile, 'utf8'),
  ) as readonly DeviceCredentials[];
  const stop = new AbortController();
  const finished = new AbortController();
  void control.untilStopped(finished.signal).then(() => stop.abort());
  try {
    const runs = task.devices.map((planned, position) => {
      const held = credentials[position];
      if (held === undefined)
        throw new InvariantError(`range ${task.range.number} has no credentials for device ${position}`);
      return new DeviceRun(planned, createDevice(planned.spec, held, thread.deviceContext), {
        task,
        control,
        stop: stop.signal,
      });
    });
    if (task.load.arrival === 'all-at-once') {
      await Promise.all(runs.map((run) => run.prepare()));
      control.ready();
      await control.untilGo();
    }
    return { outcomes: await Promise.all(runs.map((run) => run.outcome())) };
  } finally {
    finished.abort();
  }
}

interface RunParts {
  readonly task: RunRangeTask;
  readonly control: SharedControl;
  readonly stop: AbortSignal;
}

/** One device from waiting for its turn to its outcome. */
class DeviceRun {
  readonly #planned: PlannedDevice;
  readonly #device: Device;
  readonly #parts: RunParts;
  #prepared: Promise<void> | undefined;

  constructor(planned: PlannedDevice, device: Device, parts: RunParts) {
    this.#planned = planned;
    this.#device = device;
    this.#parts = parts;
  }

  /** Untimed. A failure is kept for the outcome. */
  async prepare(): Promise<void> {
    this.#prepared ??= this.#device.prepare(AbortSignal.timeout(this.#parts.task.attemptTimeoutMs));
    await Promise.allSettled([this.#prepared]);
  }

  async outcome(): Promise<Outcome> {
    const { control, task } = this.#parts;
    const closedLoop = task.load.arrival === 'constant-concurrency';
    if (closedLoop && !(await control.takeSlot(task.range.number))) return this.#stoppedOutcome();
    try {
      return await this.#run();
    } finally {
      if (closedLoop) control.freeSlot(task.range.number);
      await this.#device[Symbol.asyncDispose]();
    }
  }

  async #run(): Promise<Outcome> {
    const { control, task, stop } = this.#parts;
    const intended = intendedStartMs(task.load, this.#planned.spec.index);
    if (intended !== undefined && !(await this.#waitUntil(intended - PREPARE_AHEAD_MS)))
      return this.#stoppedOutcome();
    await this.prepare();
    if (intended !== undefined && !(await this.#waitUntil(intended))) return this.#stoppedOutcome();
    if (stop.aborted) return this.#stoppedOutcome();
    control.count('started');
    const startMs = this.#runMs();
    const trace = await this.#register();
    const endMs = this.#runMs();
    control.count(trace.result.kind);
    const { phasesMs, polls, retries } = trace;
    return this.#make(trace.result, {
      intendedStartMs: intended ?? startMs,
      startMs,
      endMs,
      phasesMs,
      polls,
      retries,
    });
  }

  async #register(): Promise<Pick<DeviceTrace, 'result' | 'phasesMs' | 'polls' | 'retries'>> {
    try {
      await this.#prepared;
      // Not the stop signal: the first interrupt lets devices under way finish.
      return await this.#device.register(new AbortController().signal);
    } catch (error) {
      return { result: { kind: 'error', error: serializeError(error) }, phasesMs: {}, polls: 0, retries: 0 };
    }
  }

  /** @returns false when the run was stopped meanwhile */
  async #waitUntil(runMs: number): Promise<boolean> {
    const { stop } = this.#parts;
    const waitMs = runMs - this.#runMs();
    if (waitMs > 0) await systemClock.sleepMs(waitMs, stop).catch(() => undefined);
    return !stop.aborted;
  }

  #runMs(): number {
    return sharedNowMs() - (this.#parts.task.began[0] ?? 0);
  }

  #stoppedOutcome(): Outcome {
    this.#parts.control.count('aborted');
    const now = this.#runMs();
    const times = { intendedStartMs: now, startMs: now, endMs: now };
    return this.#make({ kind: 'aborted' }, { ...times, phasesMs: {}, polls: 0, retries: 0 });
  }

  #make(result: DeviceResult, rest: Omit<Outcome, 'index' | 'registrationId' | 'cell' | 'result'>): Outcome {
    const { spec, cell } = this.#planned;
    return { index: spec.index, registrationId: spec.registrationId, cell, result, ...rest };
  }
}
