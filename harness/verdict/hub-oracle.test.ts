import { describe, expect, it } from 'vitest';
import type { TelemetryMessage } from '../../simulators/index.ts';
import { planFleet } from '../plan/fleet-plan.ts';
import { expandMatrix } from '../scenario/expand.ts';
import { parseScenario } from '../scenario/load-scenario.ts';
import { judgeHubs, manualRegistrations } from './hub-oracle.ts';

const scenario = parseScenario(
  'name = "s"\nrun.hubConnect = "telemetry"\n[[fleet]]\ndevices = 2\nattestation = "x509"\nenrollment = ["individual", "manual"]\n',
  's.toml',
);
const plan = planFleet(scenario, expandMatrix(scenario));
const ids = Array.from(plan.devices, ({ spec }) => spec.registrationId);
const outcomes = Array.from(plan.devices, ({ spec, cell }) => ({
  index: spec.index,
  registrationId: spec.registrationId,
  cell,
  result: { kind: 'assigned', assignedHub: 'hub-1.example', deviceId: spec.registrationId } as const,
  ...{ intendedStartMs: 0, startMs: 0, endMs: 1, phasesMs: {}, polls: 0, retries: 0 },
}));
const messageOf = (deviceId: string, hub = 'hub-1.example'): TelemetryMessage => ({
  ...{ at: '', hub, deviceId, moduleId: undefined, certificateThumbprint: 'AB', bodyBytes: 0, bodyText: '' },
  properties: { registrationid: deviceId },
});
const judged = (telemetry: readonly TelemetryMessage[]) =>
  judgeHubs({ plan, outcomes, telemetry, scenario }).map(({ passed }) => passed);

describe('the oracle of the hubs', () => {
  it('is content with one message of each device at its own hub', () => {
    expect(judged(ids.map((id) => messageOf(id)))).toEqual([true, true]);
  });

  it.each([
    ['a message is missing', () => ids.slice(1).map((id) => messageOf(id))],
    ['a message came twice', () => [...ids, ids[0] ?? ''].map((id) => messageOf(id))],
    ['a message went to another hub', () => ids.map((id) => messageOf(id, 'hub-2.example'))],
    [
      'a message tells of another device',
      () => ids.map((id) => ({ ...messageOf(id), properties: { registrationid: 'another' } })),
    ],
  ])('sees that %s', (_what, telemetry) => {
    expect(judged(telemetry())).toEqual([false, true]);
  });

  it('sees a message of a device that was not planned', () => {
    const stranger = messageOf(`rig-${plan.fleetTag}-x509-999999`);
    expect(judged([...ids.map((id) => messageOf(id)), stranger])).toEqual([true, false]);
  });

  it('takes devices without DPS from the hubs, with the certificate that came', () => {
    const manual = [...plan.devices].filter(({ spec }) => spec.enrollment === 'manual');
    const devices = ids.map((deviceId) => ({
      ...({ hub: 'hub-1.example', deviceId, status: 'enabled', authentication: 'selfSigned' } as const),
      ...{ iotEdge: false, modules: [], reportedPlatform: null },
    }));
    const records = manualRegistrations(
      plan,
      devices,
      ids.map((id) => messageOf(id)),
    );
    expect(records.map(({ registrationId }) => registrationId)).toEqual(
      manual.map(({ spec }) => spec.registrationId),
    );
    expect(records[0]).toMatchObject({ assignedHub: 'hub-1.example', certificateThumbprint: 'AB' });
  });
});
