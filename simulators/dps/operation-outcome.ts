import type { DeviceRegistrationResult } from '../wire/device-api.ts';
import type { Enrollment } from '../wire/enrollment.ts';
import { allocateHub, type LinkedHubs } from './allocation.ts';
import type { Admission } from './attestation/admission.ts';
import { type Assignment, staysOnItsHub, substatusOf } from './reprovisioning.ts';

/** What an operation ends as, before the registry adds times and etag. */
export type Outcome = Omit<
  DeviceRegistrationResult,
  'registrationId' | 'createdDateTimeUtc' | 'lastUpdatedDateTimeUtc' | 'etag'
>;

/** A device whose proof holds, and where it was provisioned to before. */
export interface Attempt {
  readonly registrationId: string;
  readonly admission: Admission;
  readonly before: Assignment | undefined;
  readonly apiVersion: string | undefined;
}

/** Decides what becomes of a device whose proof holds. Refusals at this point are states, not HTTP errors. */
export function outcomeOf(attempt: Attempt, linked: LinkedHubs): Outcome {
  const { registrationId, before, apiVersion } = attempt;
  const { enrollment } = attempt.admission;
  if (enrollment.provisioningStatus === 'disabled') {
    return { status: 'disabled', errorCode: 400000, errorMessage: 'The enrollment is disabled' };
  }
  const stays = before !== undefined && staysOnItsHub(enrollment.reprovisionPolicy, apiVersion);
  const hub = stays ? before.hub : allocateHub(registrationId, enrollment, linked);
  return hub === undefined ? noHub : assignedTo(hub, attempt);
}

const noHub: Outcome = {
  status: 'failed',
  errorCode: 400208,
  errorMessage: 'No linked IoT hub fits this enrollment',
};

function assignedTo(assignedHub: string, { registrationId, admission, before }: Attempt): Outcome {
  const { enrollment, stateMember } = admission;
  return {
    assignedHub,
    // An edited deviceId counts only once the registration record was deleted.
    deviceId: before?.deviceId ?? deviceIdOf(registrationId, enrollment),
    status: 'assigned',
    substatus: substatusOf(assignedHub, before, enrollment.reprovisionPolicy),
    ...stateMember(),
  };
}

/** Only an individual enrollment can name another device. */
const deviceIdOf = (registrationId: string, enrollment: Enrollment): string =>
  'registrationId' in enrollment ? (enrollment.deviceId ?? enrollment.registrationId) : registrationId;
