import { InvariantError } from '../../simulators/kernel/errors.ts';
import { addCounts, type LiveCounts } from '../load/shared-control.ts';
import type { Outcome } from '../metrics/outcome.ts';
import { rangeAt } from '../plan/ranges.ts';
import { rigVersion } from '../verdict/build-result.ts';
import type { Answers } from './ask.ts';
import type { Coordination } from './coordinate-fleet.ts';
import type { Answered, Asked } from './messages.ts';

/** What a coordinator answers. Every question may come twice, or late: nothing is counted twice for it. */
export const answersOf = (coordination: Coordination): Answers => ({
  join: (said) => Promise.resolve(join(coordination, said)),
  lease: (lease) => Promise.resolve({ outcome: coordination.book.lease(lease) }),
  enroll: (said) => enroll(coordination, said),
  snapshot: (said) => {
    coordination.roster.hear(said, Date.now());
    coordination.book.count(said);
    return Promise.resolve({ phase: coordination.phase });
  },
  result: (said) => Promise.resolve(takeResult(coordination, said)),
  leave: ({ worker, reason }) => {
    const number = coordination.roster.leave(worker);
    if (number !== undefined)
      coordination.say(`worker ${number} left${reason === null ? '' : `: ${reason}`}`);
    return Promise.resolve({});
  },
});

function join(coordination: Coordination, said: Asked<'join'>): Answered<'join'> {
  const { roster, say, work, runId, workers, leaseMs, scenarioFile, authority, phase } = coordination;
  if (said.version !== rigVersion)
    return { refused: `the run is of version ${rigVersion}, not ${said.version}` };
  if (phase.kind === 'done') return { refused: 'the run has ended' };
  const isNew = roster.numberOf(said.worker) === undefined;
  const number = roster.join(said, Date.now());
  if (isNew) say(`worker ${number} joined: ${said.worker}, ${said.threads} threads`);
  const { scenario, endpoint, proxy } = work;
  return {
    ...{ runId, number, workers, leaseMs, scenario, scenarioFile, authority },
    endpoint: { dps: endpoint.dps, hubs: [...endpoint.hubs] },
    ...(proxy === undefined ? {} : { proxy }),
  };
}

/** A worker that lost a range while it was stopped must not put its credentials in place of the new holder's. */
async function enroll(
  { book, work: { endpoint, plan, ranges } }: Coordination,
  { worker, enrollments, devices }: Asked<'enroll'>,
): Promise<Answered<'enroll'>> {
  const holds = (registrationId: string): boolean => {
    const index = plan.devices.find(registrationId)?.spec.index;
    const range = index === undefined ? undefined : rangeAt(ranges, index);
    return range !== undefined && book.isHeldBy(worker, range.number);
  };
  const own = enrollments.filter(({ registrationId }) => holds(registrationId));
  const ownDevices = devices.filter(({ deviceId }) => holds(deviceId));
  if (own.length > 0) await endpoint.enroll(own);
  if (ownDevices.length > 0) await endpoint.createDevices(ownDevices);
  return {};
}

function takeResult(
  { book, tally, work, say, roster }: Coordination,
  { outcomes, keys, ...lease }: Asked<'result'>,
): Answered<'result'> {
  const range = work.ranges.find(({ number }) => number === lease.range);
  if (range === undefined || !areOf(outcomes, range)) {
    throw new InvariantError(`range ${lease.range} came back with other devices than it has`);
  }
  const outcome = book.finish(lease, countsOf(outcomes));
  if (outcome === 'take') tally.take(lease.range, outcomes, keys);
  if (outcome === 'superseded') {
    const number = roster.numberOf(lease.worker) ?? '?';
    say(`range ${lease.range} of worker ${number} is not taken: another one has it since`);
  }
  return { outcome };
}

const areOf = (outcomes: readonly Outcome[], { from, to }: { from: number; to: number }): boolean =>
  outcomes.length === to - from && outcomes.every(({ index }, at) => index === from + at);

const countsOf = (outcomes: readonly Outcome[]): LiveCounts =>
  addCounts(
    outcomes.map(({ result }) => ({
      ...nothing,
      started: result.kind === 'aborted' ? 0 : 1,
      [result.kind]: 1,
    })),
  );

const nothing: LiveCounts = { started: 0, assigned: 0, ended: 0, error: 0, aborted: 0 };
