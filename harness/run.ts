import type { RunResult } from '../reports/run-result.ts';
import { writeBundles } from './bundles/write-bundles.ts';
import { diagnoseRun } from './diagnose/diagnose-run.ts';
import { allowedProxy } from './environment/allowed-proxy.ts';
import { pacedLoad } from './environment/azure/pacing.ts';
import { openEndpoint } from './environment/endpoint.ts';
import { openKeyLog } from './environment/key-log.ts';
import { GRADED_REQUESTS, openGrades } from './grades/open-grades.ts';
import type { Progress } from './load/fleet-run.ts';
import type { Watch } from './load/range-tasks.ts';
import { warmUpOf } from './load/register-fleet.ts';
import { registerHere } from './load/register-here.ts';
import type { FleetRecords } from './metrics/fleet-ledger.ts';
import { outcomeLines, writeOutcomeList } from './metrics/outcome-list.ts';
import { partOfFleet, planFleet } from './plan/fleet-plan.ts';
import { describeShard, loadOfShard, rangesOfShard, type Shard, splitForParts } from './plan/shards.ts';
import { type CoordinateOptions, coordinateFleet } from './scale-out/coordinate-fleet.ts';
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
  /** Other machines register the fleet, and this one coordinates them. */
  readonly coordinate?: Omit<CoordinateOptions, 'scenarioFile'> | undefined;
  /** Only these cells of the matrix, by name. Default: all. */
  readonly onlyCells?: ((name: string) => boolean) | undefined;
  /** `--consent`: load may go to a real service that is named besides. */
  readonly consent?: boolean;
  /** Where a run at a real service writes down what it makes there. */
  readonly journalFile?: string;
  /** One device of the fleet, by its position, and the TPMs that it may have. Default: all of it. */
  readonly only?: { readonly index: number; readonly tpmCacheDirectory: string | undefined } | undefined;
  /** Whose messages are kept. Default: with a directory for bundles those of devices that failed, else nobody's. */
  readonly watch?: Watch;
  /** Where devices that failed leave their bundles. */
  readonly bundleDirectory?: string;
  /** Told what became of every device. */
  readonly onOutcomes?: (outcomes: FleetRecords) => void;
  /** Where the outcome of every device is written, in the order of the fleet. */
  readonly outcomesFile?: string;
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
  const parts = options.coordinate?.workers ?? shard.of;
  const split = splitForParts(fleetPlan.devices.length, { size, warmUp, parts });
  const { only } = options;
  const ranges =
    only === undefined ? rangesOfShard(split, shard) : [{ number: 0, from: only.index, to: only.index + 1 }];
  const plan = partOfFleet(fleetPlan, ranges);
  const partName = options.shard && `shard-${shard.number}`;

  using keyLog = keyLogFile === undefined ? undefined : openKeyLog(keyLogFile);
  await using endpoint = await openEndpoint(scenario.endpoint, {
    ...{ scenarioFile, seed: plan.seed, allowedHosts },
    onKeyLog: keyLog?.write,
    requestsKept: scenario.run.gradeClients ? GRADED_REQUESTS : undefined,
    azure: {
      ...{ scenarioFile, signal, consent: { allowedHosts, given: options.consent ?? false } },
      journalFile: options.journalFile ?? `journal-${plan.fleetTag}.jsonl`,
      planned: () => Iterator.from(plan.devices).map(({ spec }) => spec.registrationId),
    },
  });
  const grades = openGrades(scenario, scenarioFile, endpoint);
  const work = {
    ...{ scenario, plan, partName, ranges, endpoint, proxy, signal, onProgress },
    watch: options.watch ?? (options.bundleDirectory === undefined ? 'none' : 'failed'),
    tpmCacheDirectory: only?.tpmCacheDirectory,
  };
  const { timed, ...registered } =
    options.coordinate === undefined
      ? await registerHere(work, {
          calibrated: scenario.endpoint.kind !== 'null' && only === undefined,
          brokenThreshold: (recorder, elapsedMs) => brokenThreshold(scenario.thresholds, recorder, elapsedMs),
        })
      : await coordinateFleet(work, { ...options.coordinate, scenarioFile });
  const interrupted = signal.aborted;
  if (options.outcomesFile !== undefined) {
    await writeOutcomeList(options.outcomesFile, outcomeLines(plan, timed.ledger));
  }
  const telemetry = await endpoint.telemetry();
  const devices = await endpoint.devices();
  const registrations = [
    ...(await endpoint.registrations()),
    ...manualRegistrations(plan, devices, telemetry),
  ];
  const { ledger: outcomes, recorder } = timed;
  const diagnoses = await diagnoseRun({ endpoint, plan, proxy }, outcomes, new AbortController().signal);
  options.onOutcomes?.(outcomes);
  if (options.bundleDirectory !== undefined) {
    await writeBundles(options.bundleDirectory, {
      ...{ scenario: options.scenario, scenarioFile, plan, outcomes, diagnoses },
      tpms: registered.tpms ?? new Map(),
    });
  }
  const keyCustody = collectKeyCustody({ plan, outcomes, registrations, tokens: registered.tokens });
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
    timesRun: registered.timesRun,
    // A run that was cut short owes nothing for devices that never started.
    interrupted: interrupted || timed.stoppedBy !== undefined,
  });
  return buildResult({
    ...{ scenario, scenarioFile, plan, endpoint, startedAt, ...registered },
    ...{ timed, keyCustody, diagnoses, checks, interrupted },
    clientGrades: await grades?.of(plan),
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
