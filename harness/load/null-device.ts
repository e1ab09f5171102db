import { type Device, type DeviceSpec, manualHub } from '../../simulators/index.ts';
import { InvariantError } from '../../simulators/kernel/errors.ts';

/** A device that is assigned at once, without a word: what a run of them takes, the harness itself takes. */
export function createNullDevice(spec: DeviceSpec, hubs: readonly string[]): Device {
  const assignedHub = manualHub(hubs, spec.index);
  return {
    spec,
    prepare: () => Promise.resolve(),
    register: () =>
      Promise.resolve({
        registrationId: spec.registrationId,
        result: { kind: 'assigned', assignedHub, deviceId: spec.registrationId },
        phasesMs: {},
        totalMs: 0,
        polls: 0,
        retries: 0,
        steps: [],
      }),
    evidence: () => Promise.reject(new InvariantError('a device of nobody does not fail')),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
