import { tmpdir } from 'node:os';
import type { RunResult } from '../../reports/run-result.ts';
import { type FleetAuthority, openScratchDirectory } from '../../simulators/index.ts';
import { calibrate } from './calibrate.ts';
import type { FleetRun } from './fleet-run.ts';
import { type FleetTokens, openFleetTokens } from './fleet-tokens.ts';
import { type FleetTpms, prepareFleet } from './prepare-fleet.ts';
import { type RegisterHooks, registerFleet, type TimedPart } from './register-fleet.ts';
import { chooseSetup, type RunSetup } from './run-setup.ts';
import { shareSlots } from './shared-slots.ts';
import { openTpmContainers } from './tpm-containers.ts';
import { startWorkerPool } from './worker-pool.ts';

/** A fleet, or a part of one, and where it registers. */
export type FleetWork = Pick<
  FleetRun,
  | 'scenario'
  | 'plan'
  | 'partName'
  | 'ranges'
  | 'endpoint'
  | 'proxy'
  | 'watch'
  | 'tpmCacheDirectory'
  | 'signal'
  | 'onProgress'
>;

export interface RegisterHereOptions extends RegisterHooks {
  /** What credentials derive from. Default: a new one. */
  readonly authority?: FleetAuthority;
  /** Measures the harness itself before the timed part. */
  readonly calibrated: boolean;
}

/** What registering a fleet came to, on this machine or on others. */
export interface Registered {
  readonly timed: TimedPart;
  readonly setup: RunSetup;
  readonly tokens: Pick<FleetTokens, 'keys' | 'sessions'>;
  /** By registrationId; absent where others registered the fleet. */
  readonly tpms?: FleetTpms;
  readonly calibration: RunResult['calibration'];
  readonly preparationMs: number;
  /** Of a fleet that others registered. */
  readonly machines?: RunResult['machines'];
  /** How often the device at a position may have registered: more than once when its range was given to another machine. */
  readonly timesRun: (index: number) => number;
}

/** Registers a fleet on this machine: both passes, on threads that end with it. */
export async function registerHere(
  work: FleetWork,
  { authority, calibrated, ...hooks }: RegisterHereOptions,
): Promise<Registered> {
  const { scenario, plan, signal, onProgress, partName } = work;
  const startedMs = Date.now();
  const setup = chooseSetup(scenario, plan);
  // On disk: the states of ten thousand TPMs are no small thing in memory.
  await using directory = await openScratchDirectory({ name: 'run', parent: tmpdir() });
  // Before the threads start, and until they have ended: they share what PKCS#11 modules it loads.
  await using tokens = await openFleetTokens(
    scenario.endpoint.kind === 'null' ? [] : plan.devices,
    setup.workers,
    { partName, signal, onProgress, backend: scenario.hsm.backend },
  );
  await using tpmContainers = await openTpmContainers(scenario, setup);
  await using pool = startWorkerPool(setup.workers, setup.rangesAtOnce);
  const tpmSlots = tpmContainers && shareSlots(tpmContainers.slots);
  const fleet: FleetRun = { ...work, setup, tokens, tpmSlots, pool, directory: directory.path };
  const tpms = await prepareFleet(fleet, authority);
  const preparationMs = Date.now() - startedMs;
  const calibration = calibrated ? await calibrate(fleet) : undefined;
  const timed = await registerFleet(fleet, hooks);
  return { timed, setup, tokens, tpms, calibration, preparationMs, timesRun: () => 1 };
}
