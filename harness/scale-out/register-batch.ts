import { systemClock } from '../../simulators/kernel/clock.ts';
import type { Start } from '../load/register-fleet.ts';
import { type FleetWork, registerHere } from '../load/register-here.ts';
import { sharedNowMs } from '../load/shared-control.ts';
import { scheduleOf } from '../plan/arrivals.ts';
import type { Ask } from './ask.ts';
import type { HeldRanges } from './held-ranges.ts';
import type { Lookout } from './lookout.ts';
import type { Welcome } from './messages.ts';
import { remoteEndpoint } from './remote-endpoint.ts';

export interface Batch extends Pick<FleetWork, 'scenario' | 'plan' | 'ranges' | 'partName' | 'signal'> {
  readonly ask: Ask;
  readonly worker: string;
  readonly welcome: Welcome;
  readonly held: HeldRanges;
  readonly lookout: Lookout;
  /** Of this worker alone. */
  readonly interrupted: AbortSignal;
}

/** Registers the ranges that a worker has taken together; each one is told of as soon as it is through. */
export async function registerBatch({
  ask,
  worker,
  welcome,
  held,
  lookout,
  interrupted,
  ...part
}: Batch): Promise<void> {
  const work: FleetWork = {
    ...part,
    endpoint: remoteEndpoint(ask, worker, welcome),
    proxy: welcome.proxy,
    onProgress: (progress) => {
      if (progress.stage === 'registering') held.count(progress.countsOf);
    },
  };
  const { tokens } = await registerHere(work, {
    authority: welcome.authority,
    calibrated: false,
    startLine: () => untilStart(part, lookout),
    onRange: async (range, outcomes, keys) => {
      const isCutShort = outcomes.some(({ result }) => result.kind === 'aborted');
      if (isCutShort && interrupted.aborted && !lookout.stopped.aborted) {
        held.release(range.number);
        return;
      }
      await held
        .finish(range.number, { outcomes: [...outcomes], keys: [...keys] })
        .catch((error: unknown) => {
          lookout.fail(error);
        });
    },
  });
  lookout.addSessions(tokens.sessions);
}

/** With all others; or at once when they are under way: then devices keep their distances, from now on. */
async function untilStart(
  { scenario, plan, ranges, signal }: Pick<Batch, 'scenario' | 'plan' | 'ranges' | 'signal'>,
  lookout: Lookout,
): Promise<Start> {
  const inTime = lookout.phase === 'arming';
  lookout.ready = true;
  const beganMs = await lookout.started;
  lookout.ready = false;
  if (inTime) {
    await systemClock.sleepMs(Math.max(0, beganMs - sharedNowMs()), signal).catch(() => undefined);
    return { beganMs, laterMs: 0 };
  }
  const { warmUpDevices } = scenario.run;
  const first = ranges.find(({ from }) => from >= warmUpDevices)?.from ?? warmUpDevices;
  const plannedMs = scheduleOf(scenario.load, plan.seed)(first - warmUpDevices) ?? 0;
  return { beganMs, laterMs: Math.max(0, sharedNowMs() - beganMs - plannedMs) };
}
