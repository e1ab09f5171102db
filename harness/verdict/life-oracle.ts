import type { Check } from '../../reports/run-result.ts';
import {
  assignmentsInLife,
  type DeviceSpec,
  type DeviceSummary,
  newestVersionOf,
  type RegistrationRecord,
  releaseOf,
} from '../../simulators/index.ts';
import type { FleetRecords } from '../metrics/fleet-ledger.ts';
import type { FleetPlan } from '../plan/fleet-plan.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';
import { oracleCheck } from './oracle-check.ts';

/** What services say of devices that lived. */
export interface LifeEvidence {
  readonly scenario: Pick<Scenario, 'life'>;
  readonly plan: FleetPlan;
  readonly outcomes: FleetRecords;
  readonly registrations: readonly RegistrationRecord[];
  readonly devices: readonly DeviceSummary[];
  /** How often the device at a position may have lived. Default: once. */
  readonly timesRun?: (index: number) => number;
}

/** Judges the lives of a fleet: DPS was asked as often as each version does, and every `$edgeAgent` told what it runs on. */
export function judgeLives(evidence: LifeEvidence): readonly Check[] {
  const { scenario, plan, outcomes, registrations, devices, timesRun = () => 1 } = evidence;
  if (scenario.life === undefined) return [];
  const { steps } = scenario.life;
  const lived = [...plan.devices].filter(({ spec }) => outcomes.at(spec.index)?.result.kind === 'assigned');
  const records = new Map(registrations.map((record) => [record.registrationId, record]));
  const identities = new Map(devices.map((device) => [device.deviceId, device]));
  const miscounted = lived.flatMap(({ spec }) => {
    const times = records.get(spec.registrationId)?.timesAssigned ?? 0;
    const expected = spec.enrollment === 'manual' ? 1 : assignmentsInLife(versionOf(spec), steps);
    return times >= expected && times <= expected * timesRun(spec.index)
      ? []
      : [`${spec.registrationId}: ${times} times, not ${expected}`];
  });
  const silent = lived.flatMap(({ spec }) => {
    const reported = identities.get(spec.registrationId)?.reportedPlatform ?? null;
    const expected = platformOf(spec);
    return reported === expected ? [] : [`${spec.registrationId}: ${reported ?? 'nothing'}, not ${expected}`];
  });
  const seen = `${lived.length} devices`;
  return [
    oracleCheck('every device asked DPS as often as its version does in such a life', miscounted, seen),
    oracleCheck("every device's $edgeAgent reported the platform that it runs on", silent, seen),
  ];
}

const versionOf = ({ platform, version }: DeviceSpec) => version ?? newestVersionOf(platform);

function platformOf(spec: DeviceSpec): string | null {
  const release = releaseOf(spec.platform, versionOf(spec));
  return release === undefined ? null : `${release.os} ${release.architecture} ${release.daemonVersion}`;
}
