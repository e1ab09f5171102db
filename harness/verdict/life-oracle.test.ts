import { describe, expect, it } from 'vitest';
import type { DeviceSummary, RegistrationRecord } from '../../simulators/index.ts';
import { planFleet } from '../plan/fleet-plan.ts';
import { expandMatrix } from '../scenario/expand.ts';
import { parseScenario } from '../scenario/load-scenario.ts';
import { assignedTo, HUB, makeOutcome, refusedWith } from '../testing/outcomes.ts';
import { judgeLives } from './life-oracle.ts';

const scenario = parseScenario(
  `name = "s"
[life]
steps = ["restart", "reprovision"]
[[fleet]]
devices = 2
attestation = "x509"
client = "iot-edge"
version = ["1.1", "1.5"]`,
  's.toml',
);
const plan = planFleet(scenario, expandMatrix(scenario));
const planned = [...plan.devices];
const [old, young] = planned.map(({ spec }) => spec.registrationId) as [string, string];
const outcomes = planned.map(({ spec: { index, registrationId } }) =>
  makeOutcome({ index, registrationId, result: assignedTo(HUB, registrationId) }),
);
const record = (registrationId: string, timesAssigned: number): RegistrationRecord => ({
  ...{ registrationId, status: 'assigned', assignedHub: HUB, deviceId: registrationId },
  ...{ enrollmentId: registrationId, timesAssigned },
});
const device = (deviceId: string, reportedPlatform: string | null): DeviceSummary => ({
  ...{ hub: HUB, deviceId, status: 'enabled', authentication: 'selfSigned', iotEdge: true },
  ...{ modules: ['$edgeAgent', '$edgeHub'], reportedPlatform },
});
const registrations = [record(old, 3), record(young, 2)];
const devices = [device(old, 'linux x86_64 1.1.15'), device(young, 'Linux x86_64 1.5.21')];
const evidence = { scenario, plan, outcomes, registrations, devices };
const passed = (changes: Partial<typeof evidence>) =>
  judgeLives({ ...evidence, ...changes }).map((check) => check.passed);

describe('the oracle of lives', () => {
  it('is content when each version asked DPS as often as it does, and told its platform', () => {
    expect(passed({})).toEqual([true, true]);
  });

  it.each([
    ['1.1 skipped DPS at a restart', [record(old, 2), record(young, 2)]],
    ['1.5 asked DPS at a restart', [record(old, 3), record(young, 3)]],
    ['a device was never seen', [record(old, 3)]],
  ])('sees that %s', (_what, seen) => {
    expect(passed({ registrations: seen })).toEqual([false, true]);
  });

  it.each([
    ['nothing was reported', [device(old, 'linux x86_64 1.1.15'), device(young, null)]],
    [
      'another release was reported',
      [device(old, 'linux x86_64 1.1.15'), device(young, 'Linux x86_64 1.4.41')],
    ],
  ])('sees that %s', (_what, seen) => {
    expect(passed({ devices: seen })).toEqual([true, false]);
  });

  it('owes nothing for devices that ended otherwise', () => {
    const refused = outcomes.map((outcome) => ({ ...outcome, result: refusedWith(401, 401002) }));
    expect(passed({ outcomes: refused, registrations: [], devices: [] })).toEqual([true, true]);
  });

  it('has nothing to say where nobody lives', () => {
    expect(judgeLives({ ...evidence, scenario: { life: undefined } })).toEqual([]);
  });
});
