import type { Check } from '../../reports/run-result.ts';
import type { DeviceSummary, RegistrationRecord, TelemetryMessage } from '../../simulators/index.ts';
import type { DeviceRecord, FleetRecords } from '../metrics/fleet-ledger.ts';
import type { FleetPlan } from '../plan/fleet-plan.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';
import { oracleCheck } from './oracle-check.ts';

/** What the hubs say of the fleet. */
export interface HubEvidence {
  readonly plan: FleetPlan;
  readonly outcomes: FleetRecords;
  readonly telemetry: readonly TelemetryMessage[];
  /** How often the device at a position may have registered, and sent. Default: once. */
  readonly timesRun?: (index: number) => number;
  readonly scenario: Pick<Scenario, 'run' | 'life'>;
}

/** Judges what reached the hubs: one message of each device, at its own hub, and none of anybody else. */
export function judgeHubs({
  plan,
  outcomes,
  telemetry,
  scenario,
  timesRun = () => 1,
}: HubEvidence): readonly Check[] {
  if (scenario.life !== undefined) return []; // nothing but the edge runtime speaks then
  const sends = [...outcomes].filter(
    (outcome) =>
      outcome?.result.kind === 'assigned' &&
      (scenario.run.hubConnect === 'telemetry' || provisioningOf(plan, outcome) === 'manual'),
  );
  if (sends.length === 0) return [];
  const byDevice = Map.groupBy(telemetry, ({ deviceId }) => deviceId);
  const expected = new Map(
    sends.flatMap((outcome) =>
      outcome?.result.kind === 'assigned' ? [[outcome.result.deviceId, outcome.result.assignedHub]] : [],
    ),
  );
  const missing = [...expected].flatMap(([deviceId, hub]) => {
    const got = byDevice.get(deviceId) ?? [];
    const index = plan.devices.find(deviceId)?.spec.index ?? 0;
    const isOwn = ({ hub: at, properties }: TelemetryMessage): boolean =>
      at === hub && properties['registrationid'] === deviceId;
    if (got.length >= 1 && got.length <= timesRun(index) && got.every(isOwn)) return [];
    return [`${deviceId}: ${got.length} at ${got.map((message) => message.hub).join(', ') || 'no hub'}`];
  });
  const ofThisFleet = `rig-${plan.fleetTag}-`;
  const strangers = telemetry
    .filter(({ deviceId }) => deviceId.startsWith(ofThisFleet) && plan.devices.find(deviceId) === undefined)
    .map(({ deviceId, hub }) => `${deviceId} at ${hub}`);
  const summary = `${expected.size} messages of ${expected.size} devices`;
  return [
    oracleCheck('every device sent one message, and it reached the hub of the device', missing, summary),
    oracleCheck('no message came from a device that was not planned', strangers, summary),
  ];
}

/** Devices without DPS as the hubs know them, in the form of registrations. */
export function manualRegistrations(
  { devices: planned }: FleetPlan,
  devices: readonly DeviceSummary[],
  telemetry: readonly TelemetryMessage[],
): readonly RegistrationRecord[] {
  const manual = new Set(
    Iterator.from(planned)
      .filter(({ spec }) => spec.enrollment === 'manual')
      .map(({ spec }) => spec.registrationId),
  );
  const certificates = new Map(telemetry.map((message) => [message.deviceId, message.certificateThumbprint]));
  return devices
    .filter(({ deviceId }) => manual.has(deviceId))
    .map(({ deviceId, hub }) => ({
      registrationId: deviceId,
      status: 'assigned',
      assignedHub: hub,
      deviceId,
      enrollmentId: 'manual',
      timesAssigned: 1,
      certificateThumbprint: certificates.get(deviceId),
    }));
}

const provisioningOf = ({ devices }: FleetPlan, { index }: DeviceRecord) =>
  devices.at(index)?.spec.enrollment;
