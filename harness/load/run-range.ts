import { readFile } from 'node:fs/promises';
import {
  createDevice,
  createTokenHost,
  type Device,
  type DeviceContext,
  type DeviceCredentials,
  type DeviceEvidence,
  type DeviceResult,
  type DeviceTrace,
  type TokenHost,
  type WatchedDevice,
  withDecorator,
  withTokenLatency,
} from '../../simulators/index.ts';
import { systemClock } from '../../simulators/kernel/clock.ts';
import { startDeadline, untilAborted } from '../../simulators/kernel/deadline.ts';
import { InvariantError, serializeError } from '../../simulators/kernel/errors.ts';
import type { Outcome } from '../metrics/outcome.ts';
import type { PlannedDevice } from '../plan/fleet-plan.ts';
import { LookBudget } from './look-budget.ts';
import { createNullDevice } from './null-device.ts';
import type { RangeOutcomes, RunRangeTask } from './range-tasks.ts';
import { SharedControl, sharedNowMs } from './shared-control.ts';
import { enterThread } from './thread-context.ts';

/** How long before its intended start a device is made ready. */
const PREPARE_AHEAD_MS = 500;
/** What a device gets beyond its own deadline to come to an end by itself. */
const GRACE_MS = 2_000;

/** Registers the devices of a range; every device comes back with an outcome, whatever became of it. */
export async function runRange(task: RunRangeTask): Promise<RangeOutcomes> {
  const control = new SharedControl(task.control);
  await using thread = await enterThread(task);
  const tokens = openTokens(task);
  const { nullEndpoint } = task;
  const createOne = nullEndpoint
    ? ({ spec }: PlannedDevice): Device => createNullDevice(spec, { ...task, ...nullEndpoint })
    : await deviceMaker(task, { ...thread.deviceContext, tokens, recordWire: task.watch !== 'none' });
  const stop = new AbortController();
  const finished = new AbortController();
  void control.untilStopped(finished.signal).then(() => stop.abort());
  try {
    const parts = { task, control, stop: stop.signal, looks: new LookBudget(control) };
    const runs = task.devices.map(
      (planned, position) => new DeviceRun(planned, createOne(planned, position), parts),
    );
    if (task.arrival === 'all-at-once') {
      await Promise.all(runs.map((run) => run.prepare()));
      control.ready();
      await control.untilGo();
    }
    const outcomes = await startInTurn(runs, task, control);
    return { outcomes, tokenSessions: tokens.sessions };
  } finally {
    finished.abort();
  }
}

/** Devices with the credentials that the first pass left for this range. */
async function deviceMaker(
  { credentialsFile, range }: RunRangeTask,
  context: DeviceContext,
): Promise<(planned: PlannedDevice, position: number) => Device> {
  const credentials = JSON.parse(await readFile(credentialsFile, 'utf8')) as readonly DeviceCredentials[];
  return ({ spec }, position) => {
    const held = credentials[position];
    if (held !== undefined) return createDevice(spec, held, context);
    throw new InvariantError(`range ${range.number} has no credentials for device ${position}`);
  };
}

/** Of the range: its sessions are counted. */
function openTokens({ tokenSignMs }: RunRangeTask): TokenHost {
  const host = createTokenHost();
  if (tokenSignMs === 0) return host;
  return withDecorator(host, (cryptoki) => withTokenLatency(cryptoki, { C_Sign: tokenSignMs }));
}

/** In a closed loop only the next device of the range waits for a slot: a thousand that wait cost a thousand wake-ups. */
async function startInTurn(
  runs: readonly DeviceRun[],
  { arrival, range }: RunRangeTask,
  control: SharedControl,
): Promise<readonly Outcome[]> {
  const outcomes: Promise<Outcome>[] = [];
  for (const run of runs) {
    if (arrival === 'constant-concurrency' && !(await control.takeSlot(range.number))) break;
    outcomes.push(run.outcome());
  }
  return [
    ...(await Promise.all(outcomes)),
    ...runs.slice(outcomes.length).map((run) => run.stoppedOutcome()),
  ];
}

interface RunParts {
  readonly task: RunRangeTask;
  readonly control: SharedControl;
  readonly stop: AbortSignal;
  readonly looks: LookBudget;
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
    this.#prepared ??= this.#bounded('making the device ready', (signal) => this.#device.prepare(signal));
    await Promise.allSettled([this.#prepared]);
  }

  /** Never rejects. Gives back the slot of a closed loop. */
  async outcome(): Promise<Outcome> {
    const { control, task } = this.#parts;
    const outcome = await this.#run();
    if (task.arrival === 'constant-concurrency') control.freeSlot(task.range.number);
    const watched = this.#watched(outcome.result); // looking at it would be in its messages
    const evidence = await this.#evidence(outcome.result);
    const failure = await this.#putAway();
    const seen = { ...outcome, ...(evidence && { evidence }), ...(watched && { watched }) };
    const final = failure === undefined ? seen : { ...seen, result: failure };
    control.count(final.result.kind, task.range.number);
    return final;
  }

  /** Of a device that never started. */
  stoppedOutcome(): Outcome {
    const { control, task } = this.#parts;
    control.count('aborted', task.range.number);
    return this.#neverStarted();
  }

  async #run(): Promise<Outcome> {
    const { control, stop, task } = this.#parts;
    const intended = this.#intendedStartMs();
    if (intended !== undefined && !(await this.#waitUntil(intended - PREPARE_AHEAD_MS)))
      return this.#neverStarted();
    await this.prepare();
    if (intended !== undefined && !(await this.#waitUntil(intended))) return this.#neverStarted();
    if (stop.aborted) return this.#neverStarted();
    control.count('started', task.range.number);
    const startMs = this.#runMs();
    const { result, phasesMs, polls, retries, keyUse } = await this.#register();
    const endMs = this.#runMs();
    return this.#make(result, {
      intendedStartMs: intended ?? startMs,
      startMs,
      endMs,
      phasesMs,
      polls,
      retries,
      ...(keyUse === undefined ? {} : { keyUse }),
    });
  }

  async #register(): Promise<Pick<DeviceTrace, 'result' | 'phasesMs' | 'polls' | 'retries' | 'keyUse'>> {
    try {
      await this.#prepared;
      // Not the stop signal: the first interrupt lets devices under way finish.
      return await this.#bounded('the device', (signal) => this.#device.register(signal));
    } catch (error) {
      return { result: failed(error), phasesMs: {}, polls: 0, retries: 0 };
    }
  }

  /** Of a device that failed, while it still is what it was; untimed. Not to be had of one that does not let itself be looked at. */
  async #evidence(result: DeviceResult): Promise<DeviceEvidence | undefined> {
    if (result.kind === 'assigned' || result.kind === 'aborted') return undefined;
    const code = result.kind === 'error' ? result.error.code : (result.errorCode ?? result.status);
    if (!this.#parts.looks.take(`${this.#planned.cell} ${code}`)) return undefined;
    const look = (signal: AbortSignal): Promise<DeviceEvidence> => this.#device.evidence(result, signal);
    return this.#bounded('looking at the device', look).catch(() => undefined);
  }

  /** What somebody will look at: of devices that failed, of a few of many. */
  #watched({ kind }: DeviceResult): WatchedDevice | undefined {
    const { control, task } = this.#parts;
    if (task.watch === 'none') return undefined;
    const wanted = task.watch === 'all' || (kind !== 'assigned' && kind !== 'aborted' && control.takePlace());
    return wanted ? this.#device.watched() : undefined;
  }

  /** What went wrong, if anything: a device that cannot be switched off has failed. */
  async #putAway(): Promise<DeviceResult | undefined> {
    try {
      await this.#bounded('switching off', async () => {
        await this.#device[Symbol.asyncDispose]();
      });
      return undefined;
    } catch (error) {
      return failed(error);
    }
  }

  /** A device keeps its own deadlines; one that hangs all the same must not hold up the run. */
  async #bounded<T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { attemptTimeoutMs } = this.#parts.task;
    using deadline = startDeadline(attemptTimeoutMs + GRACE_MS, new AbortController().signal, what);
    return await untilAborted(work(deadline.signal), deadline.signal);
  }

  /** @returns false when the run was stopped meanwhile */
  async #waitUntil(runMs: number): Promise<boolean> {
    const { stop } = this.#parts;
    const waitMs = runMs - this.#runMs();
    if (waitMs > 0) await systemClock.sleepMs(waitMs, stop).catch(() => undefined);
    return !stop.aborted;
  }

  #intendedStartMs(): number | undefined {
    const { range, intendedStartsMs, began } = this.#parts.task;
    const intended = intendedStartsMs[this.#planned.spec.index - range.from];
    return intended === undefined || Number.isNaN(intended) ? undefined : intended + (began[1] ?? 0);
  }

  #runMs(): number {
    return sharedNowMs() - (this.#parts.task.began[0] ?? 0);
  }

  #neverStarted(): Outcome {
    const now = this.#runMs();
    const times = { intendedStartMs: now, startMs: now, endMs: now };
    return this.#make({ kind: 'aborted' }, { ...times, phasesMs: {}, polls: 0, retries: 0 });
  }

  #make(result: DeviceResult, rest: Omit<Outcome, 'index' | 'registrationId' | 'cell' | 'result'>): Outcome {
    const { spec, cell } = this.#planned;
    return { index: spec.index, registrationId: spec.registrationId, cell, result, ...rest };
  }
}

const failed = (error: unknown): DeviceResult => ({ kind: 'error', error: serializeError(error) });
