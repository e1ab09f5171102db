import { type Device, type DeviceSpec, type DeviceTrace, manualHub } from '../../simulators/index.ts';
import { InvariantError } from '../../simulators/kernel/errors.ts';
import { seededRandom } from '../../simulators/kernel/random.ts';

export interface NullDeviceOptions {
  readonly hubs: readonly string[];
  readonly seed: number;
  /** It says that it registered for a time that nothing but seed and registrationId decide. */
  readonly madeUpDurations: boolean;
}

const LONGEST_MS = 2_000;

/** A device that is assigned at once, without a word: what a run of them takes, the harness itself takes. */
export function createNullDevice(spec: DeviceSpec, options: NullDeviceOptions): Device {
  const { registrationId } = spec;
  const assignedHub = manualHub(options.hubs, spec.index);
  return {
    spec,
    prepare: () => Promise.resolve(),
    register: () =>
      Promise.resolve({
        registrationId,
        result: { kind: 'assigned', assignedHub, deviceId: registrationId },
        phasesMs: phasesOf(registrationId, options),
        totalMs: 0,
        polls: 0,
        retries: 0,
        steps: [],
      }),
    evidence: () => Promise.reject(new InvariantError('a device of nobody does not fail')),
    watched: () => undefined,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

const phasesOf = (
  registrationId: string,
  { seed, madeUpDurations }: NullDeviceOptions,
): DeviceTrace['phasesMs'] =>
  madeUpDurations
    ? { register: seededRandom(seed, 'null-register', registrationId).next() * LONGEST_MS }
    : {};
