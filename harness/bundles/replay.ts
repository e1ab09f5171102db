import { join } from 'node:path';
import type { Diagnosis } from '../../reports/run-result.ts';
import { openScratchDirectory, openTpmCache } from '../../simulators/index.ts';
import { fromBase64 } from '../../simulators/kernel/bytes.ts';
import { InvariantError } from '../../simulators/kernel/errors.ts';
import type { DeviceRecord } from '../metrics/fleet-ledger.ts';
import { nameResult } from '../metrics/outcome-list.ts';
import { run } from '../run.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';
import type { Bundle } from './bundle.ts';

/** One device of a fleet, run by itself. */
export interface LoneDevice {
  readonly scenario: Scenario;
  readonly scenarioFile: string;
  /** Position in the fleet. */
  readonly index: number;
  /** The TPM that it has. Default: one of the cache. */
  readonly tpm?: { readonly keys: NonNullable<Bundle['tpm']>; readonly state: Uint8Array } | undefined;
}

/** What became of it. */
export interface LoneRun {
  readonly record: DeviceRecord;
  readonly outcome: string;
  readonly diagnosis: Diagnosis | undefined;
}

/** Runs the device of a bundle again. */
export const replayBundle = ({ scenario, scenarioFile, index, tpm, tpmState }: Bundle, signal: AbortSignal) =>
  runAlone(
    {
      ...{ scenario, scenarioFile, index },
      tpm: tpm === null || tpmState === undefined ? undefined : { keys: tpm, state: tpmState },
    },
    signal,
  );

/**
 * Runs one device of a fleet by itself and watches it: with an emulator of its own that has the scenario's settings and
 * faults, wherever the fleet went.
 *
 * @throws as {@link run}
 */
export async function runAlone(device: LoneDevice, signal: AbortSignal): Promise<LoneRun> {
  await using directory = await openScratchDirectory({ name: 'replay' });
  const tpmCacheDirectory = await cacheWith(device.tpm, join(directory.path, 'tpms'));
  let record: DeviceRecord | undefined;
  const { diagnoses = [] } = await run({
    scenario: alone(device.scenario),
    scenarioFile: device.scenarioFile,
    signal,
    only: { index: device.index, tpmCacheDirectory },
    watch: 'all',
    onOutcomes: (outcomes) => {
      record = outcomes.at(device.index);
    },
  });
  if (record === undefined) throw new InvariantError('the device never reported');
  return { record, outcome: nameResult(record.result), diagnosis: diagnoses[0] };
}

/** What the fleet had of its own, without the rest of it: nobody to wait for, nothing to keep up with. */
function alone(scenario: Scenario): Scenario {
  const { endpoint } = scenario;
  return {
    ...scenario,
    endpoint:
      endpoint.kind === 'emulator'
        ? { ...endpoint, backend: 'process' }
        : { kind: 'emulator', backend: 'process', retryAfterSeconds: 1, assigningDurationMs: 0 },
    load: { arrival: 'constant-concurrency', concurrency: 1 },
    run: { ...scenario.run, workers: 1, warmUpDevices: 0, gradeClients: false },
    tpm: { ...scenario.tpm, backend: 'process', mode: 'dedicated' },
    hsm: { ...scenario.hsm, backend: 'process' },
    thresholds: {},
  };
}

/** A cache with that TPM alone; undefined: that of the user. */
async function cacheWith(tpm: LoneDevice['tpm'], directory: string): Promise<string | undefined> {
  if (tpm === undefined) return undefined;
  const cache = await openTpmCache(directory);
  await cache.add(0, {
    state: tpm.state,
    endorsementKey: fromBase64(tpm.keys.endorsementKey),
    storageRootKey: fromBase64(tpm.keys.storageRootKey),
  });
  return directory;
}
