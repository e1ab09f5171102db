import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Diagnosis } from '../../reports/run-result.ts';
import type { DeviceResult, ManufacturedTpm, WatchedDevice } from '../../simulators/index.ts';
import { toBase64 } from '../../simulators/kernel/bytes.ts';
import { makeDirectory } from '../../simulators/kernel/make-directory.ts';
import type { FleetTpms } from '../load/prepare-fleet.ts';
import type { DeviceRecord, FleetRecords } from '../metrics/fleet-ledger.ts';
import { nameResult } from '../metrics/outcome-list.ts';
import type { FleetPlan } from '../plan/fleet-plan.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';
import { rigVersion } from '../verdict/build-result.ts';
import { BUNDLE_VERSION, type Bundle, bundleFiles } from './bundle.ts';

/** What bundles are made of. */
export interface BundleSources {
  /** As it was given, before it was shared out or paced. */
  readonly scenario: Scenario;
  readonly scenarioFile: string;
  readonly plan: FleetPlan;
  readonly outcomes: FleetRecords;
  readonly diagnoses: readonly Diagnosis[];
  readonly tpms: FleetTpms;
}

type Watched = DeviceRecord & { readonly watched: WatchedDevice };

/**
 * Writes a bundle for each device that was watched and failed, in a directory of its own that only its user can read.
 *
 * @throws EnvironmentError when no files can be made there
 */
export async function writeBundles(directory: string, sources: BundleSources): Promise<void> {
  await rm(directory, { recursive: true, force: true }); // those of an earlier run
  const diagnosisOf = new Map(sources.diagnoses.map((one) => [one.registrationId, one]));
  for (const record of sources.outcomes) {
    if (!isWatched(record) || !hasFailed(record.result)) continue;
    await writeBundle(
      join(directory, record.registrationId),
      record,
      diagnosisOf.get(record.registrationId),
      sources,
    );
  }
}

async function writeBundle(
  directory: string,
  { index, registrationId, cell, result, evidence, watched }: Watched,
  diagnosis: Diagnosis | undefined,
  { scenario, scenarioFile, plan, tpms }: BundleSources,
): Promise<void> {
  makeDirectory(directory, 'the bundles', 0o700);
  const put = (name: string, content: string | Uint8Array): Promise<void> =>
    writeFile(join(directory, name), content, { mode: 0o600 });
  const tpm = tpms.get(registrationId);
  const state = await stateOf(tpm);
  const bundle: Omit<Bundle, 'directory' | 'wire' | 'tpmState'> = {
    format: 'dps-rig-bundle',
    version: BUNDLE_VERSION,
    tool: `dps-rig ${rigVersion}`,
    scenario: withoutPassword(scenario),
    ...{ scenarioFile, index, registrationId },
    cell: plan.cells[cell]?.name ?? '',
    outcome: nameResult(result),
    message: messageOf(result),
    diagnosis: diagnosis === undefined ? null : { cause: diagnosis.cause, statement: diagnosis.statement },
    evidence: evidence === undefined ? null : { ...evidence },
    tpm:
      tpm === undefined
        ? null
        : {
            endorsementKey: toBase64(tpm.endorsementKey),
            storageRootKey: toBase64(tpm.storageRootKey),
            state: state !== undefined,
          },
  };
  await put(bundleFiles.wire, watched.wire.map((one) => `${JSON.stringify(one)}\n`).join(''));
  if (watched.chainPem !== undefined) await put(bundleFiles.chain, watched.chainPem);
  if (state !== undefined) await put(bundleFiles.tpmState, state);
  await put(bundleFiles.bundle, `${JSON.stringify(bundle, undefined, 2)}\n`); // last: with it the bundle is whole
}

const isWatched = (record: DeviceRecord | undefined): record is Watched => record?.watched !== undefined;
const hasFailed = ({ kind }: DeviceResult): boolean => kind === 'ended' || kind === 'error';

/** A TPM that was lost from the cache meanwhile is made again in a replay. */
const stateOf = async (tpm: ManufacturedTpm | undefined): Promise<Uint8Array | undefined> =>
  tpm === undefined ? undefined : readFile(tpm.stateFile).catch(() => undefined);

/** The way is part of what failed; who may use it is nobody's business. */
function withoutPassword(scenario: Scenario): Scenario {
  const { proxy } = scenario.run;
  if (proxy === undefined) return scenario;
  return { ...scenario, run: { ...scenario.run, proxy: proxy.replace(/\/\/[^@/]*@/, '//') } };
}

function messageOf(result: DeviceResult): string {
  if (result.kind === 'error') return result.error.message;
  return result.kind === 'ended' ? result.message : '';
}
