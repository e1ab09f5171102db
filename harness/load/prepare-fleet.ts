import {
  createFleetAuthority,
  defaultTpmCacheDirectory,
  ensureTpms,
  type FleetAuthority,
  groupEnrollments,
  type ManufacturedTpm,
  probeTlsKeys,
  type ServiceFault,
} from '../../simulators/index.ts';
import { EnvironmentError } from '../../simulators/kernel/errors.ts';
import type { FleetPlan, PlannedDevice } from '../plan/fleet-plan.ts';
import { cacheOfPart, credentialsFile, type FleetRun } from './fleet-run.ts';

/**
 * The first pass, untimed: every device gets its TPM, keys and certificates, and is enrolled.
 *
 * @returns the TPMs that devices have
 * @param given what credentials derive from. Default: a new one
 * @throws TransportError of phase `aborted` when the run is interrupted meanwhile
 */
export async function prepareFleet(run: FleetRun, given?: FleetAuthority): Promise<FleetTpms> {
  const { plan, partName, ranges, pool, endpoint, tokens, directory, signal, onProgress } = run;
  if (endpoint.kind === 'null') return new Map();
  requireTlsKeys(plan);
  const tpms = await ensureFleetTpms(run);
  const authority = given ?? (await createFleetAuthority(authorityName(plan, partName)));
  await endpoint.enroll(
    groupEnrollments(
      authority,
      Iterator.from(plan.devices).map(({ spec }) => spec),
    ),
  );
  const faults = fleetFaults(plan);
  if (faults.length > 0) await endpoint.addFaults(faults);
  let done = 0;
  await Promise.all(
    ranges.map(async (range) => {
      const devices = plan.devices.slice(range.from, range.to);
      const file = credentialsFile(directory, range);
      const task = {
        ...{ range, devices, authority, credentialsFile: file, hubs: endpoint.hubs },
        tpms: ofDevices(devices, tpms),
        tokens: ofDevices(devices, tokens.byRegistrationId),
      };
      const { enrollments, manualDevices, keys, tokenSessions } = await pool.prepareRange(task, signal);
      await endpoint.enroll(enrollments);
      await endpoint.createDevices(manualDevices);
      for (const [registrationId, key] of keys) tokens.recordKey(registrationId, key);
      tokens.countSessions(tokenSessions);
      done += devices.length;
      onProgress({ stage: 'credentials', done, of: plan.devices.count });
    }),
  );
  return tpms;
}

/** The faults of fleet entries, for their devices alone. */
export function fleetFaults({ cells, devices }: FleetPlan): readonly ServiceFault[] {
  if (cells.every(({ serviceFaults }) => serviceFaults === undefined)) return [];
  const ids = cells.map((): string[] => []);
  for (const { cell, spec } of devices) ids[cell]?.push(spec.registrationId);
  return cells.flatMap(({ serviceFaults = [] }, cell) => {
    const concerned = ids[cell] ?? [];
    return concerned.length === 0 ? [] : serviceFaults.map((fault) => ({ ...fault, devices: concerned }));
  });
}

/** Goes into the ids of groups: fleets, and parts that know nothing of each other, share a service. */
export const authorityName = ({ fleetTag }: FleetPlan, partName: string | undefined): string =>
  ['rig', fleetTag, partName].filter((part) => part !== undefined).join('-');

/** Without the addon every such device would fail in the same way: say it once, and what to do. */
function requireTlsKeys({ cells }: FleetPlan): void {
  const needed = cells.some(
    ({ attestation, keyStore, devices }) => devices > 0 && attestation === 'x509' && keyStore !== 'software',
  );
  if (!needed) return;
  try {
    probeTlsKeys();
  } catch (cause) {
    throw new EnvironmentError('node-tls-key', 'TLS cannot use keys that are in tokens or TPMs', {
      hint: 'Build the addon: npm rebuild node-tls-key (needs a C compiler, make and python3).',
      cause,
    });
  }
}

/** By registrationId. */
export type FleetTpms = ReadonlyMap<string, ManufacturedTpm>;

async function ensureFleetTpms({
  plan,
  partName,
  tpmCacheDirectory,
  signal,
  onProgress,
}: FleetRun): Promise<FleetTpms> {
  const ids = Iterator.from(plan.devices)
    .filter(({ spec }) => spec.keyStore === 'swtpm')
    .map(({ spec }) => spec.registrationId)
    .toArray();
  if (ids.length === 0) return new Map();
  const tpms = await ensureTpms({
    count: ids.length,
    ...cacheOfPart(defaultTpmCacheDirectory(), partName),
    ...(tpmCacheDirectory === undefined ? {} : { cacheDirectory: tpmCacheDirectory }),
    signal,
    onProgress: (done, of) => onProgress({ stage: 'tpms', done, of }),
  });
  return new Map(tpms.map((tpm, index) => [ids[index] ?? '', tpm]));
}

/** The part of a table by registrationId that belongs to these devices. */
function ofDevices<T>(devices: readonly PlannedDevice[], all: ReadonlyMap<string, T>): Map<string, T> {
  return new Map(
    devices.flatMap(({ spec: { registrationId } }) => {
      const one = all.get(registrationId);
      return one === undefined ? [] : [[registrationId, one] as const];
    }),
  );
}
