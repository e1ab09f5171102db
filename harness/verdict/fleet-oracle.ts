import type { Check } from '../../reports/run-result.ts';
import type { RegistrationRecord } from '../../simulators/index.ts';
import type { FleetRecords } from '../metrics/fleet-ledger.ts';
import type { FleetPlan } from '../plan/fleet-plan.ts';
import { oracleCheck } from './oracle-check.ts';

/** What the oracle looks at: what was planned, what devices say, what the service's registry says. */
export interface OracleEvidence {
  readonly plan: FleetPlan;
  readonly outcomes: FleetRecords;
  readonly registrations: readonly RegistrationRecord[];
  readonly hubs: readonly string[];
  /** A run that was stopped early owes nothing for devices that never started. */
  readonly interrupted: boolean;
  /** How often the device at a position may have registered. Default: once. */
  readonly timesRun?: (index: number) => number;
  /** How often a device is assigned is judged by its life. */
  readonly lives?: boolean;
}

/**
 * Judges the whole fleet: every device accounted for once, what it was told is what the service knows, and nothing is
 * registered that was not planned.
 */
export function judgeFleet(evidence: OracleEvidence): readonly Check[] {
  const { outcomes, registrations, timesRun = () => 1 } = evidence;
  const byId = new Map(registrations.map((record) => [record.registrationId.toLowerCase(), record]));
  const reported = [...outcomes].filter((outcome) => outcome !== undefined);
  const assigned = reported.flatMap((outcome) =>
    outcome.result.kind === 'assigned'
      ? [{ ...outcome, result: outcome.result, record: byId.get(outcome.registrationId) }]
      : [],
  );
  const checks: readonly { readonly name: string; readonly wrong: readonly string[] }[] = [
    { name: 'no device is lost', wrong: lostDevices(evidence) },
    {
      name: 'every assigned device is known to the service',
      wrong: assigned
        .filter(({ record }) => record?.status !== 'assigned')
        .map(({ registrationId }) => registrationId),
    },
    {
      name: 'every device is on the hub that the service assigned, a linked one',
      wrong: assigned
        .filter(
          ({ result, record }) =>
            record?.assignedHub !== result.assignedHub || !evidence.hubs.includes(result.assignedHub),
        )
        .map(
          ({ registrationId, result, record }) =>
            `${registrationId}: ${result.assignedHub}, registry ${record?.assignedHub ?? 'nothing'}`,
        ),
    },
    {
      name: 'every device has its own deviceId (none crossed)',
      wrong: assigned
        .filter(
          ({ result, record, registrationId }) =>
            result.deviceId !== registrationId || record?.deviceId !== result.deviceId,
        )
        .map(({ registrationId, result }) => `${registrationId} is ${result.deviceId}`),
    },
    {
      name: 'no device is assigned twice (none doubled)',
      wrong: [
        ...duplicates(assigned.map(({ result }) => result.deviceId)),
        ...(evidence.lives === true ? [] : assigned)
          .filter(({ record, index }) => (record?.timesAssigned ?? 1) > timesRun(index))
          .map(({ registrationId }) => `${registrationId}: registered more than once`),
      ],
    },
    {
      name: 'the service assigned nobody whose device does not know',
      wrong: unknownToDevices(evidence, new Set(assigned.map(({ registrationId }) => registrationId))),
    },
    { name: 'the service assigned nobody who was not planned', wrong: strangers(evidence) },
  ];
  const seen = `${assigned.length} of ${evidence.plan.devices.count} devices assigned`;
  return checks.map(({ name, wrong }) => oracleCheck(name, wrong, seen));
}

/** Where there is no service to ask: every device is in the ledger once, under its own id. */
export function judgeLedger({
  plan,
  outcomes,
  interrupted,
}: Pick<OracleEvidence, 'plan' | 'outcomes' | 'interrupted'>): readonly Check[] {
  let assigned = 0;
  const crossed: string[] = [];
  for (const outcome of outcomes) {
    if (outcome?.result.kind !== 'assigned') continue;
    assigned += 1;
    if (outcome.result.deviceId !== outcome.registrationId) crossed.push(outcome.registrationId);
  }
  const seen = `${assigned} of ${plan.devices.count} devices assigned`;
  return [
    oracleCheck('no device is lost', interrupted ? [] : missing(plan, outcomes), seen),
    oracleCheck('every device has its own deviceId (none crossed)', crossed, seen),
  ];
}

function missing({ devices }: FleetPlan, outcomes: FleetRecords): string[] {
  const lost: string[] = [];
  for (const { spec } of devices) {
    if (outcomes.at(spec.index)?.registrationId !== spec.registrationId) lost.push(spec.registrationId);
  }
  return lost;
}

function lostDevices({ plan, outcomes, interrupted }: OracleEvidence): string[] {
  return interrupted ? [] : missing(plan, outcomes);
}

/** Devices that the service let in while they themselves ended otherwise: a lost answer, or an emulator that lies. */
function unknownToDevices(
  { registrations, outcomes, plan }: OracleEvidence,
  assigned: ReadonlySet<string>,
): string[] {
  return registrations
    .filter(({ status, registrationId }) => status === 'assigned' && !assigned.has(registrationId))
    .filter(({ registrationId }) => {
      // Stopped or timed out after the service had decided: the device knows that it does not know.
      const index = plan.devices.find(registrationId)?.spec.index;
      return index !== undefined && outcomes.at(index)?.result.kind === 'ended';
    })
    .map(({ registrationId }) => registrationId);
}

/**
 * An emulator that runs already may know devices of other runs: only ids with this fleet's tag are of this one.
 */
function strangers({ registrations, plan }: OracleEvidence): string[] {
  const ofThisFleet = `rig-${plan.fleetTag}-`;
  return registrations
    .filter(
      ({ registrationId }) =>
        registrationId.startsWith(ofThisFleet) && plan.devices.find(registrationId) === undefined,
    )
    .map(({ registrationId }) => registrationId);
}

function duplicates(values: readonly string[]): string[] {
  const seen = new Set<string>();
  return values.filter((value) => {
    const again = seen.has(value);
    seen.add(value);
    return again;
  });
}
