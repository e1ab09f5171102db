import { describe, expect, it } from 'vitest';
import type { RegistrationRecord } from '../../simulators/index.ts';
import type { Outcome } from '../metrics/outcome.ts';
import { assignedTo, HUB, makeOutcome } from '../testing/outcomes.ts';
import { planOfEntry } from '../testing/plans.ts';
import { judgeFleet, type OracleEvidence } from './fleet-oracle.ts';

const OTHER_HUB = 'rig-hub-2.azure-devices.example';
const plan = planOfEntry('devices = 3\nattestation = "x509"');
const ids = Array.from(plan.devices, ({ spec }) => spec.registrationId);
const [first = '', second = ''] = ids;

/** What a service and a fleet without fault say. */
const honestOutcomes: readonly Outcome[] = ids.map((registrationId, index) =>
  makeOutcome({ index, registrationId }),
);
const honestRecords: readonly RegistrationRecord[] = ids.map((registrationId) => ({
  registrationId,
  status: 'assigned',
  assignedHub: HUB,
  deviceId: registrationId,
  enrollmentId: registrationId,
  timesAssigned: 1,
}));

const changed = <T>(list: readonly T[], index: number, change: Partial<T>): T[] =>
  list.map((item, at) => (at === index ? { ...item, ...change } : item));

/** Names of the checks that fail, and what they say. */
function complaints(evidence: Partial<OracleEvidence>): Record<string, string | null> {
  const checks = judgeFleet({
    plan,
    outcomes: honestOutcomes,
    registrations: honestRecords,
    hubs: [HUB, OTHER_HUB],
    interrupted: false,
    ...evidence,
  });
  expect(checks).toHaveLength(7);
  return Object.fromEntries(checks.filter(({ passed }) => !passed).map(({ name, detail }) => [name, detail]));
}

describe('judgeFleet', () => {
  it('finds nothing wrong with a fleet that is as the service says', () => {
    expect(complaints({})).toEqual({});
  });

  it('finds a device that was lost', () => {
    expect(
      complaints({
        outcomes: [undefined, ...honestOutcomes.slice(1)],
        registrations: honestRecords.slice(1),
      }),
    ).toEqual({
      'no device is lost': first,
    });
  });

  it('owes nothing for devices that an interrupted run never started', () => {
    const rest = { outcomes: [undefined, ...honestOutcomes.slice(1)], registrations: honestRecords.slice(1) };
    expect(complaints({ ...rest, interrupted: true })).toEqual({});
  });

  it('finds a device that the service does not know', () => {
    const found = complaints({ registrations: honestRecords.slice(1) });
    expect(found['every assigned device is known to the service']).toBe(first);
  });

  it('finds a device on another hub than the service says', () => {
    const outcomes = changed(honestOutcomes, 0, { result: assignedTo(OTHER_HUB, first) });
    expect(complaints({ outcomes })).toEqual({
      'every device is on the hub that the service assigned, a linked one': `${first}: ${OTHER_HUB}, registry ${HUB}`,
    });
  });

  it('finds a device on a hub that is not linked, though both sides agree', () => {
    expect(Object.keys(complaints({ hubs: [OTHER_HUB] }))).toEqual([
      'every device is on the hub that the service assigned, a linked one',
    ]);
  });

  it("finds two devices that were told each other's deviceId", () => {
    const outcomes = changed(changed(honestOutcomes, 0, { result: assignedTo(HUB, second) }), 1, {
      result: assignedTo(HUB, first),
    });
    expect(complaints({ outcomes })).toEqual({
      'every device has its own deviceId (none crossed)': `${first} is ${second}; ${second} is ${first}`,
    });
  });

  it('finds a deviceId that two devices hold', () => {
    const outcomes = changed(honestOutcomes, 1, { result: assignedTo(HUB, first) });
    expect(complaints({ outcomes })['no device is assigned twice (none doubled)']).toBe(first);
  });

  it('finds a device that the service assigned twice', () => {
    expect(complaints({ registrations: changed(honestRecords, 1, { timesAssigned: 2 }) })).toEqual({
      'no device is assigned twice (none doubled)': `${second}: registered more than once`,
    });
  });

  it('finds a device that the service assigned and told otherwise', () => {
    const outcomes = changed(honestOutcomes, 0, {
      result: { kind: 'ended', status: 'failed', message: 'failed' },
    });
    expect(complaints({ outcomes })).toEqual({
      'the service assigned nobody whose device does not know': first,
    });
  });

  it('finds a registration of a device that nobody planned', () => {
    const [record] = honestRecords;
    const stranger = `rig-${plan.fleetTag}-x509-999999`;
    const ofAnotherRun = 'rig-000000-x509-000000';
    const strangers = [stranger, ofAnotherRun].map(
      (registrationId) => ({ ...record, registrationId, deviceId: registrationId }) as RegistrationRecord,
    );
    expect(complaints({ registrations: [...honestRecords, ...strangers] })).toEqual({
      'the service assigned nobody who was not planned': stranger,
    });
  });
});
