import { tmpdir } from 'node:os';
import type { RunResult } from '../reports/run-result.ts';
import { openScratchDirectory } from '../simulators/index.ts';
import { diagnoseRun } from './diagnose/diagnose-run.ts';
import { allowedProxy } from './environment/allowed-proxy.ts';
import { pacedLoad } from './environment/azure/pacing.ts';
import { openEndpoint } from './environment/endpoint.ts';
import { openKeyLog } from './environment/key-log.ts';
import { calibrate } from './load/calibrate.ts';
import type { FleetRun, Progress } from './load/fleet-run.ts';
import { openFleetTokens } from './load/fleet-tokens.ts';
import { prepareFleet } from './load/prepare-fleet.ts';
import { registerFleet, warmUpOf } from './load/register-fleet.ts';
import { chooseSetup } from './load/run-setup.ts';
import { startWorkerPool } from './load/worker-pool.ts';
import { partOfFleet, planFleet } from './plan/fleet-plan.ts';
import { describeShard, loadOfShard, rangesOfShard, type Shard, splitForParts } from './plan/shards.ts';
import { expandMatrix } from './scenario/expand.ts';
import type { Scenario } from './scenario/scenario-schema.ts';
import { buildResult } from './verdict/build-result.ts';
import { manualRegistrations } from './verdict/hub-oracle.ts';
import { judge } from './verdict/judge.ts';
import { collectKeyCustody } from './verdict/key-custody.ts';
import { brokenThreshold } from './verdict/thresholds.ts';

export interface RunOptions {
  readonly scenario: Scenario;
  /** For messages, and for files that the scenario names relative to itself. */
  readonly scenarioFile: string;
  /** Aborted: no device starts any more, those under way end, the reports are partial. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Where the emulator of the run writes the secrets of its TLS connections to. */
  readonly keyLogFile?: string | undefined;
  /** Only this part of the fleet. Default: all of it. */
  readonly shard?: Shard | undefined;
  /** Only these cells of the matrix, by name. Default: all. */
  readonly onlyCells?: ((name: string) => boolean) | undefined;
  /** `--consent`: load may go to a real service that is named besides. */
  readonly consent?: boolean;
  /** Where a run at a real service writes down what it makes there. */
  readonly journalFile?: string;
  /** Private hosts besides loopback that the user lets load go to. */
  readonly allowedHosts?: readonly string[];
}

/**
 * A run from scenario to result: the pipeline, top to bottom.
 *
 * @throws when it is interrupted before the first device could start: there is nothing to report then
 */
export async function run(options: RunOptions): Promise<RunResult> {
  const { scenarioFile, signal, onProgress = () => undefined, keyLogFile } = options;
  const { allowedHosts = [] } = options;
  const startedAt = new Date();
  const shard = options.shard ?? wholeFleet;
  const scenario = shareOf(paced(options.scenario), shard);
  const proxy = await allowedProxy(scenario, scenarioFile, allowedHosts);
  const { onlyCells = () => true } = options;
  const cells = expandMatrix(scenario).filter(({ name }) => onlyCells(name));
  const fleetPlan = planFleet(scenario, cells);
  const { rangeSize: size, warmUpDevices: warmUp } = scenario.run;
  const split = splitForParts(fleetPlan.devices.length, { size, warmUp, parts: shard.of });
  const ranges = rangesOfShard(split, shard);
  const plan = partOfFleet(fleetPlan, ranges);
  const partName = options.shard && `shard-${shard.number}`;
  const setup = chooseSetup(scenario, plan);

  // On disk: the states of ten thousand TPMs are no small thing in memory.
  await using directory = await openScratchDirectory({ name: 'run', parent: tmpdir() });
  using keyLog = keyLogFile === undefined ? undefined : openKeyLog(keyLogFile);
  await using endpoint = await openEndpoint(scenario.endpoint, {
    ...{ scenarioFile, seed: plan.seed, allowedHosts },
    onKeyLog: keyLog?.write,
    azure: {
      ...{ scenarioFile, signal, consent: { allowedHosts, given: options.consent ?? false } },
      journalFile: options.journalFile ?? `journal-${plan.fleetTag}.jsonl`,
      planned: () => Iterator.from(plan.devices).map(({ spec }) => spec.registrationId),
    },
  });
  // Before the threads start, and until they have ended: they share what PKCS#11 modules it loads.
  await using tokens = await openFleetTokens(
    scenario.endpoint.kind === 'null' ? [] : plan.devices,
    setup.workers,
    { partName, signal, onProgress },
  );
  await using pool = startWorkerPool(setup.workers, setup.rangesAtOnce);
  const fleet: FleetRun = {
    ...{ scenario, plan, partName, ranges, setup, endpoint, proxy, tokens, pool, signal, onProgress },
    directory: directory.path,
  };
  await prepareFleet(fleet);
  const preparationMs = Date.now() - startedAt.getTime();

  const calibration = scenario.endpoint.kind === 'null' ? undefined : await calibrate(fleet);
  const timed = await registerFleet(fleet, (recorder, elapsedMs) =>
    brokenThreshold(scenario.thresholds, recorder, elapsedMs),
  );
  const interrupted = signal.aborted;
  const telemetry = await endpoint.telemetry();
  const devices = await endpoint.devices();
  const registrations = [
    ...(await endpoint.registrations()),
    ...manualRegistrations(plan, devices, telemetry),
  ];
  const { ledger: outcomes, recorder } = timed;
  const diagnoses = await diagnoseRun(fleet, outcomes, new AbortController().signal);
  const keyCustody = collectKeyCustody({ plan, outcomes, registrations, tokens });
  const checks = judge({
    scenario,
    plan,
    outcomes,
    recorder,
    keyCustody,
    registrations,
    telemetry,
    devices,
    hubs: endpoint.hubs,
    // A run that was cut short owes nothing for devices that never started.
    interrupted: interrupted || timed.stoppedBy !== undefined,
  });
  return buildResult({
    ...{ scenario, scenarioFile, plan, endpoint, setup, startedAt, preparationMs },
    ...{ timed, calibration, keyCustody, diagnoses, checks, interrupted },
    warmUpDevices: plan.devices.within(warmUpOf(ranges, scenario)).count,
    part: options.shard && describeShard(options.shard, plan.devices.length, ranges),
  });
}

const wholeFleet: Shard = { number: 1, of: 1 };

const shareOf = (scenario: Scenario, shard: Shard): Scenario => ({
  ...scenario,
  load: loadOfShard(scenario.load, shard),
});

/** A real service is sent no more than its quota allows, whatever the scenario says. */
const paced = (scenario: Scenario): Scenario =>
  scenario.endpoint.kind === 'azure'
    ? { ...scenario, load: pacedLoad(scenario.load, scenario.endpoint) }
    : scenario;
