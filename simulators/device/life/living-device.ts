import { rm } from 'node:fs/promises';
import type { KeyUse } from '../../security/key-use.ts';
import { AttemptRecorder } from '../attempt-recorder.ts';
import type { ClientSetup } from '../clients/provisioning-client.ts';
import type { Device } from '../device.ts';
import type { DeviceResult } from '../device-trace.ts';
import type { ProvisionedDevice } from './daemon-layout.ts';
import { EdgeDeviceLife } from './edge-device-life.ts';
import type { LifeOutcome } from './life-outcome.ts';
import type { LifeStep } from './life-steps.ts';

/** The life that a device of a fleet is given. */
export interface LivingDeviceOptions {
  /** After the first boot, in this order. */
  readonly steps: readonly LifeStep[];
  /** Its disk; gone with the device. */
  readonly directory: string;
  readonly manual: ProvisionedDevice | undefined;
  /** Bounds each step. */
  readonly stepTimeoutMs: number;
  readonly recordSteps: boolean;
}

/** A device of a fleet that boots and lives: its result is how the last step of its life ended, or the first that failed. */
export function createLivingDevice(
  setup: ClientSetup,
  { steps, directory, recordSteps, ...rest }: LivingDeviceOptions,
): Omit<Device, 'evidence' | 'watched'> {
  return {
    spec: setup.spec,
    // Powering on is part of a life.
    prepare: () => Promise.resolve(),
    register: async (signal) => {
      const recorder = new AttemptRecorder(setup.clock, recordSteps);
      const uses: KeyUse[] = [];
      const live = async (step: LifeStep): Promise<DeviceResult> => {
        await using life = new EdgeDeviceLife({
          ...{ setup, directory, recorder, ...rest },
          onKeyUse: (use) => void uses.push(use),
          onLog: ({ daemon, text }) => recorder.note(daemon, text),
        });
        return resultOf(await (step === 'restart' ? life.start(signal) : life.reprovision(signal)));
      };
      let result = await live('restart');
      for (const step of steps) {
        if (result.kind !== 'assigned') break;
        result = await live(step);
      }
      const trace = recorder.trace(setup.spec.registrationId, result);
      return uses.length === 0 ? trace : { ...trace, keyUse: sumOf(uses) };
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Each opening of the key counts from 0. */
const sumOf = (uses: readonly KeyUse[]): KeyUse => {
  const sum = (of: (use: KeyUse) => number): number => uses.reduce((total, use) => total + of(use), 0);
  return {
    signatures: sum(({ signatures }) => signatures),
    handshakes: sum(({ handshakes }) => handshakes),
    resumed: sum(({ resumed }) => resumed),
  };
};

/** A device that runs without its hub has not got where it should. */
function resultOf(outcome: LifeOutcome): DeviceResult {
  switch (outcome.kind) {
    case 'running': {
      const { device, connection } = outcome;
      if (connection === 'hub') {
        return { kind: 'assigned', assignedHub: device.hub, deviceId: device.deviceId };
      }
      const message = `${device.hub} cannot be reached`;
      const error = { name: 'LifeError', family: 'peer', code: 'OFFLINE', message, details: {} } as const;
      return { kind: 'error', error };
    }
    case 'unprovisioned':
    case 'kept':
      return outcome.result;
    case 'ignored': {
      const { reason: message } = outcome;
      const error = { name: 'LifeError', family: 'peer', code: 'IGNORED', message, details: {} } as const;
      return { kind: 'error', error };
    }
  }
}
