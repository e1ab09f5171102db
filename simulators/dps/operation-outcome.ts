import type { DeviceRegistrationResult } from '../wire/device-api.ts';
import { allocateHub } from './allocation.ts';
import type { Admission } from './attestation/admission.ts';

/** What an operation ends as, before the registry adds times and etag. */
export type Outcome = Omit<
  DeviceRegistrationResult,
  'registrationId' | 'createdDateTimeUtc' | 'lastUpdatedDateTimeUtc' | 'etag' | 'substatus'
>;

/** Decides what becomes of a device whose proof holds. Refusals at this point are states, not HTTP errors. */
export function outcomeOf(registrationId: string, admission: Admission, hubs: readonly string[]): Outcome {
  const { enrollment } = admission;
  if (enrollment.provisioningStatus === 'disabled') {
    return { status: 'disabled', errorCode: 400000, errorMessage: 'The enrollment is disabled' };
  }
  const assignedHub = allocateHub(registrationId, enrollment, hubs);
  if (assignedHub === undefined) {
    return {
      status: 'failed',
      errorCode: 400208,
      errorMessage: 'No linked IoT hub fits this enrollment',
    };
  }
  // Only an individual enrollment can name another device.
  const deviceId =
    'registrationId' in enrollment ? (enrollment.deviceId ?? enrollment.registrationId) : registrationId;
  return { assignedHub, deviceId, status: 'assigned', ...admission.stateMember() };
}
