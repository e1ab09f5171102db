import { randomUUID } from 'node:crypto';
import { createFleetAuthority, type FleetAuthority, groupEnrollments } from '../../simulators/index.ts';
import { systemClock } from '../../simulators/kernel/clock.ts';
import { abortError } from '../../simulators/kernel/deadline.ts';
import { EnvironmentError, UsageError } from '../../simulators/kernel/errors.ts';
import { authorityName, fleetFaults } from '../load/prepare-fleet.ts';
import { warmUpOf } from '../load/register-fleet.ts';
import type { FleetWork, Registered } from '../load/register-here.ts';
import { chooseSetup } from '../load/run-setup.ts';
import { rangeAt } from '../plan/ranges.ts';
import { loadOfShard } from '../plan/shards.ts';
import { brokenThreshold } from '../verdict/thresholds.ts';
import { askOnce, serveAnswers } from './ask.ts';
import { answersOf } from './coordinator-answers.ts';
import { FleetTally } from './fleet-tally.ts';
import { encodeMessage, type RunPhase } from './messages.ts';
import { type NatsLink, openNatsLink } from './nats-link.ts';
import type { NatsAddress } from './nats-url.ts';
import { RangeBook } from './range-book.ts';
import { Roster } from './roster.ts';

export interface CoordinateOptions {
  readonly address: NatsAddress;
  /** The run starts when so many have come. */
  readonly workers: number;
  /** How long a range stays with a worker that says nothing. */
  readonly leaseMs: number;
  /** How long workers are waited for. */
  readonly waitMs: number;
  readonly scenarioFile: string;
  /** Lines for a person. */
  readonly say: (line: string) => void;
}

/** What the parts of a coordinator work on. */
export interface Coordination extends CoordinateOptions {
  readonly runId: string;
  readonly work: FleetWork;
  readonly authority: FleetAuthority;
  readonly book: RangeBook;
  readonly roster: Roster;
  readonly tally: FleetTally;
  phase: RunPhase;
}

const LOOK_EVERY_MS = 200;
/** Longer than a worker needs to hear of it. */
const START_AHEAD_MS = 2_000;
const DRAIN_GRACE_MS = 10_000;
const FAREWELL_MS = 3_000;
/** A worker that died may be replaced. */
const NOBODY_LEFT_MS = 60_000;

/**
 * Registers a fleet on other machines: ranges are leased to workers, all start at one moment, and what came of each
 * range is taken once.
 *
 * @throws EnvironmentError when the server or the workers cannot be had
 * @throws TransportError of phase `aborted` when it is interrupted before the start
 */
export async function coordinateFleet(work: FleetWork, options: CoordinateOptions): Promise<Registered> {
  const { workers, leaseMs, address } = options;
  requireShareable(work, workers);
  const startedMs = Date.now();
  await using link = await openNatsLink(address, 'dps-rig coordinator');
  await requireNoOther(link);
  const authority = await createFleetAuthority(authorityName(work.plan, undefined));
  if (work.endpoint.kind !== 'null') {
    const specs = Iterator.from(work.plan.devices).map(({ spec }) => spec);
    await work.endpoint.enroll(groupEnrollments(authority, specs));
    const faults = fleetFaults(work.plan);
    if (faults.length > 0) await work.endpoint.addFaults(faults);
  }
  const coordination: Coordination = {
    ...{ ...options, runId: `dps-rig-${randomUUID()}`, work, authority },
    book: new RangeBook(work.ranges),
    roster: new Roster(Math.max(leaseMs, FAREWELL_MS)),
    tally: new FleetTally(work.plan, warmUpOf(work.ranges, work.scenario)),
    phase: { kind: 'arming' },
  };
  await using _queue = await layOut(link, coordination);
  serveAnswers(link, answersOf(coordination));
  options.say(`waiting for ${workers} workers at ${address.shown}`);
  await untilArmed(coordination);
  const preparationMs = Date.now() - startedMs;
  const stoppedBy = await untilDone(coordination);
  await farewell(coordination);
  return registered(coordination, { stoppedBy, preparationMs });
}

function requireShareable({ scenario }: FleetWork, workers: number): void {
  if (scenario.endpoint.kind === 'azure') {
    throw new UsageError('a run at a real service is not spread over machines', {
      hint: 'Its quota is less than what one machine can do.',
    });
  }
  loadOfShard(scenario.load, { number: workers, of: workers });
}

async function requireNoOther(link: NatsLink): Promise<void> {
  const other = await askOnce(link, 'leave', { worker: 'another coordinator', reason: null });
  if (other === undefined) return;
  throw new EnvironmentError('NATS', 'another run uses this server', {
    hint: 'Wait until it has ended, or use another server or account.',
  });
}

/** The ranges as work that one worker at a time has. */
async function layOut(link: NatsLink, { runId, work, leaseMs }: Coordination): Promise<AsyncDisposable> {
  const items = await Promise.all(work.ranges.map(({ number }) => encodeMessage({ range: number })));
  await link.createQueue(runId, items, leaseMs);
  return {
    // A server that is gone has no queue to remove.
    [Symbol.asyncDispose]: () => link.removeQueue(runId).catch(() => undefined),
  };
}

/** Until all who were asked for have come, and all who are there are prepared. Then the moment of the start is set. */
async function untilArmed(coordination: Coordination): Promise<void> {
  const { roster, workers, waitMs, work, say } = coordination;
  const deadlineMs = Date.now() + waitMs;
  for (;;) {
    const nowMs = Date.now();
    if (work.signal.aborted) {
      coordination.phase = { kind: 'done' };
      await farewell(coordination);
      throw abortError(work.signal);
    }
    if (roster.joined >= workers && roster.areAllReady(nowMs)) break;
    if (roster.joined < workers && nowMs > deadlineMs) {
      throw new EnvironmentError('workers', `${roster.joined} of ${workers} came`, {
        hint: 'Start each with: dps-rig worker --nats URL',
      });
    }
    requireSomebody(coordination, nowMs);
    await systemClock.sleepMs(LOOK_EVERY_MS);
  }
  coordination.phase = { kind: 'going', startAtMs: Date.now() + START_AHEAD_MS };
  say(`${roster.joined} workers start in ${START_AHEAD_MS / 1000} s`);
}

/** @returns the threshold that ended the run before its time */
async function untilDone(coordination: Coordination): Promise<string | undefined> {
  const { book, tally, work } = coordination;
  const beganMs = coordination.phase.kind === 'going' ? coordination.phase.startAtMs : Date.now();
  let stoppedBy: string | undefined;
  while (!book.isComplete) {
    const elapsedMs = Math.max(0, Date.now() - beganMs);
    showProgress(coordination, elapsedMs);
    stoppedBy = brokenThreshold(work.scenario.thresholds, tally.recorder, elapsedMs);
    if (stoppedBy !== undefined || work.signal.aborted) {
      await drain(coordination);
      break;
    }
    requireSomebody(coordination, Date.now());
    await systemClock.sleepMs(LOOK_EVERY_MS);
  }
  showProgress(coordination, Math.max(0, Date.now() - beganMs));
  return stoppedBy;
}

function showProgress({ book, work }: Coordination, elapsedMs: number): void {
  const countsOf = (range: number) => book.countsOf(range);
  const of = work.plan.devices.count;
  work.onProgress({ stage: 'registering', counts: book.counts, countsOf, of, elapsedMs });
}

/** No device starts any more; those under way may end. */
async function drain(coordination: Coordination): Promise<void> {
  const { roster, work } = coordination;
  coordination.phase = { kind: 'draining' };
  const deadlineMs = Date.now() + work.scenario.run.attemptTimeoutMs + DRAIN_GRACE_MS;
  // A second look at each worker: what it says now may have been on its way before it heard of the end.
  await systemClock.sleepMs(FAREWELL_MS);
  while (!roster.areAllIdle(Date.now()) && Date.now() < deadlineMs) await systemClock.sleepMs(LOOK_EVERY_MS);
}

/** Workers hear of the end before their coordinator is gone. */
async function farewell(coordination: Coordination): Promise<void> {
  coordination.phase = { kind: 'done' };
  const deadlineMs = Date.now() + FAREWELL_MS;
  while (!coordination.roster.haveAllLeft(Date.now()) && Date.now() < deadlineMs) {
    await systemClock.sleepMs(LOOK_EVERY_MS);
  }
}

function requireSomebody({ roster, book, leaseMs, say }: Coordination, nowMs: number): void {
  if (roster.joined === 0) return;
  if (nowMs - roster.lastHeardMs <= Math.max(NOBODY_LEFT_MS, 4 * leaseMs)) return;
  say('no worker is left');
  throw new EnvironmentError('workers', `none is left, and ${book.remaining} ranges are not registered`);
}

function registered(
  { work, roster, tally, book }: Coordination,
  { stoppedBy, preparationMs }: { readonly stoppedBy: string | undefined; readonly preparationMs: number },
): Registered {
  return {
    timed: { ledger: tally.ledger, recorder: tally.recorder, cpuMs: roster.cpuMs, stoppedBy },
    setup: { ...chooseSetup(work.scenario, work.plan), workers: roster.threads },
    tokens: { keys: tally.keys, sessions: roster.tokenSessions },
    calibration: undefined,
    preparationMs,
    timesRun: (index) => Math.max(1, book.timesGivenOut(rangeAt(work.ranges, index)?.number ?? 0)),
    machines: { workers: roster.joined, rangesGivenOutAgain: book.givenOutAgain },
  };
}
