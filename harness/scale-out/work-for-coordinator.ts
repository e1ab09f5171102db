import { randomUUID } from 'node:crypto';
import { availableParallelism, hostname } from 'node:os';
import { systemClock } from '../../simulators/kernel/clock.ts';
import { EnvironmentError, toError } from '../../simulators/kernel/errors.ts';
import { partOfFleet, planFleet } from '../plan/fleet-plan.ts';
import { loadOfShard, splitForParts } from '../plan/shards.ts';
import { expandMatrix } from '../scenario/expand.ts';
import { rigVersion } from '../verdict/build-result.ts';
import { requireAllowedTarget } from './allowed-target.ts';
import { type Ask, askerOver, askOnce } from './ask.ts';
import { HeldRanges } from './held-ranges.ts';
import { Lookout } from './lookout.ts';
import type { Welcome } from './messages.ts';
import { type NatsLink, openNatsLink } from './nats-link.ts';
import type { NatsAddress } from './nats-url.ts';
import { registerBatch } from './register-batch.ts';

export interface WorkOptions {
  readonly address: NatsAddress;
  /** Private hosts besides loopback that the user of this machine lets load go to. */
  readonly allowedHosts: readonly string[];
  /** Default: one for each core. */
  readonly threads: number | undefined;
  /** How long a run is waited for. */
  readonly waitMs: number;
  /** Lines for a person. */
  readonly say: (line: string) => void;
  /** Aborted: no device starts any more, and other workers get the rest. */
  readonly signal: AbortSignal;
}

const LOOK_FOR_RUN_EVERY_MS = 1_000;

/**
 * Takes part in the run of a coordinator until it ends.
 *
 * @throws EnvironmentError when the server, the run or its coordinator cannot be had
 * @throws ScenarioError when load would go to a host that the user of this machine has not named
 */
export async function workForCoordinator(options: WorkOptions): Promise<void> {
  const { signal, say, address } = options;
  const worker = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  await using link = await openNatsLink(address, `dps-rig worker ${worker}`);
  const welcome = await join(link, worker, options);
  if (welcome === undefined) return;
  await requireAllowedTarget(welcome, options.allowedHosts);
  const ask = askerOver(link, signal);
  say(`joined as worker ${welcome.number} of ${welcome.workers}`);
  const reason = await takePart({ ...options, ask, link, worker, welcome }).then(
    () => (signal.aborted ? 'interrupted' : null),
    (error: unknown) => toError(error),
  );
  // A coordinator that is gone needs no goodbye.
  const farewell = { worker, reason: reason instanceof Error ? reason.message : reason };
  await askOnce(link, 'leave', farewell).catch(() => undefined);
  if (reason instanceof Error) throw reason;
}

async function join(
  link: NatsLink,
  worker: string,
  { threads = availableParallelism(), waitMs, say, signal, address }: WorkOptions,
): Promise<Welcome | undefined> {
  const deadlineMs = Date.now() + waitMs;
  say(`waiting for a run at ${address.shown}`);
  while (!signal.aborted) {
    const answer = await askOnce(link, 'join', { worker, version: rigVersion, threads });
    if (answer !== undefined && !('refused' in answer)) return answer;
    if (answer !== undefined) throw new EnvironmentError('coordinator', answer.refused);
    if (Date.now() > deadlineMs) {
      throw new EnvironmentError('coordinator', 'there is no run', {
        hint: 'Start one with: dps-rig run SCENARIO --nats URL',
      });
    }
    await systemClock.sleepMs(LOOK_FOR_RUN_EVERY_MS, signal).catch(() => undefined);
  }
  return undefined;
}

interface Parts extends WorkOptions {
  readonly ask: Ask;
  readonly link: NatsLink;
  readonly worker: string;
  readonly welcome: Welcome;
}

/** Batch after batch, until the run is over. */
async function takePart({ ask, link, worker, welcome, ...options }: Parts): Promise<void> {
  const { number, workers, leaseMs } = welcome;
  const shared = loadOfShard(welcome.scenario.load, { number: ((number - 1) % workers) + 1, of: workers });
  const { run } = welcome.scenario;
  const threads = options.threads ?? run.workers;
  const scenario = { ...welcome.scenario, load: shared, run: { ...run, workers: threads } };
  const plan = planFleet(scenario, expandMatrix(scenario));
  const { rangeSize: size, warmUpDevices: warmUp } = run;
  const ranges = splitForParts(plan.devices.length, { size, warmUp, parts: workers });
  const share = Math.ceil(ranges.length / workers);
  const queue = await link.openQueue(welcome.runId);
  using held = new HeldRanges(ask, { worker, leaseMs });
  await using lookout = new Lookout({ ask, worker, held });
  const stop = AbortSignal.any([options.signal, lookout.stopped]);
  for (let batch = 1; !stop.aborted; ) {
    // Before the start everybody gets a share; later, what others left goes to whoever is free.
    const most = lookout.phase === 'arming' ? share : Math.ceil(share / workers);
    const numbers = await held.take(queue, most, stop);
    lookout.ready = numbers.length === 0;
    if (numbers.length === 0) continue;
    const mine = ranges.filter((range) => numbers.includes(range.number));
    const part = partOfFleet(plan, mine);
    options.say(`registers ${mine.length} ranges, ${part.devices.count} devices`);
    await registerBatch({
      ...{ ask, worker, welcome, held, lookout, scenario, plan: part, ranges: mine, signal: stop },
      interrupted: options.signal,
      partName: `worker-${number}${batch === 1 ? '' : `-${batch}`}`,
    });
    batch += 1;
  }
  lookout.throwIfFailed();
}
