import type { DeviceResult } from '../../simulators/index.ts';
import { DpsServiceError, serializeError } from '../../simulators/kernel/errors.ts';
import type { Outcome } from '../metrics/outcome.ts';

export const HUB = 'rig-hub-1.azure-devices.example';

/** An outcome with what a test has to say of it; for the rest, a device that was assigned in 100 ms. */
export function makeOutcome(said: Partial<Outcome> = {}): Outcome {
  const { registrationId = 'device-0', startMs = 0 } = said;
  return {
    index: 0,
    registrationId,
    cell: 0,
    result: assignedTo(HUB, registrationId),
    intendedStartMs: startMs,
    startMs,
    endMs: startMs + 100,
    phasesMs: {},
    polls: 0,
    retries: 0,
    ...said,
  };
}

export const assignedTo = (assignedHub: string, deviceId: string): DeviceResult => ({
  kind: 'assigned',
  assignedHub,
  deviceId,
  substatus: 'initialAssignment',
});

export const refusedWith = (status: number, errorCode: number): DeviceResult => ({
  kind: 'error',
  error: serializeError(new DpsServiceError({ status, errorCode, message: 'Unauthorized' })),
});
