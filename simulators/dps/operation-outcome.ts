import type { DeviceToProvision } from '../hub/provision-device.ts';
import type { InitialTwin } from '../hub/twin.ts';
import type { DeviceRegistrationResult } from '../wire/device-api.ts';
import type { Enrollment } from '../wire/enrollment.ts';
import { allocateHub, eligibleHubs, type LinkedHubs } from './allocation.ts';
import type { Admission } from './attestation/admission.ts';
import type { AllocateCustom } from './custom-allocation.ts';
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
  /** Custom data of the device, for a webhook. */
  readonly payload: unknown;
}

export interface OutcomeParts extends LinkedHubs {
  readonly allocateCustom: AllocateCustom;
  /** Makes the device known at its hub. */
  readonly provision: (device: DeviceToProvision) => void;
}

/**
 * Decides what becomes of a device whose proof holds. Refusals at this point are states, not HTTP errors.
 *
 * @returns a promise only where a webhook decides
 */
export function outcomeOf(attempt: Attempt, parts: OutcomeParts): Outcome | Promise<Outcome> {
  const { registrationId, before, apiVersion } = attempt;
  const { enrollment } = attempt.admission;
  if (enrollment.provisioningStatus === 'disabled') {
    return { status: 'disabled', errorCode: 400000, errorMessage: 'The enrollment is disabled' };
  }
  if (before !== undefined && staysOnItsHub(enrollment.reprovisionPolicy, apiVersion)) {
    return assignedTo(before.hub, attempt, parts);
  }
  if (enrollment.allocationPolicy === 'custom') return askWebhook(attempt, parts);
  const hub = allocateHub(registrationId, enrollment, parts);
  return hub === undefined ? noHub : assignedTo(hub, attempt, parts);
}

async function askWebhook(attempt: Attempt, parts: OutcomeParts): Promise<Outcome> {
  const { hubs, allocateCustom } = parts;
  const linkedHubs = eligibleHubs(attempt.admission.enrollment, hubs);
  const answer = await allocateCustom({ ...attempt, linkedHubs });
  if (answer.kind === 'failed') {
    return { status: 'failed', errorCode: 400207, errorMessage: answer.message };
  }
  const { hub, payload, initialTwin } = answer;
  return { ...assignedTo(hub, attempt, parts, initialTwin), ...(payload === undefined ? {} : { payload }) };
}

const noHub: Outcome = {
  status: 'failed',
  errorCode: 400208,
  errorMessage: 'No linked IoT hub fits this enrollment',
};

function assignedTo(
  assignedHub: string,
  { registrationId, admission, before }: Attempt,
  { provision }: OutcomeParts,
  twinOfWebhook?: InitialTwin,
): Outcome {
  const { enrollment, assign } = admission;
  const { state, authentication } = assign();
  // An edited deviceId counts only once the registration record was deleted.
  const deviceId = before?.deviceId ?? deviceIdOf(registrationId, enrollment);
  const { initialTwin, capabilities, reprovisionPolicy } = enrollment;
  provision({
    ...{ hub: assignedHub, deviceId, authentication, before },
    iotEdge: capabilities?.iotEdge ?? false,
    initialTwin: twinOfWebhook ?? initialTwin,
    data: twinOfWebhook === undefined && reprovisionPolicy?.migrateDeviceData !== false ? 'keep' : 'reset',
  });
  return {
    assignedHub,
    deviceId,
    status: 'assigned',
    substatus: substatusOf(assignedHub, before, enrollment.reprovisionPolicy),
    ...state,
  };
}

/** Only an individual enrollment can name another device. */
const deviceIdOf = (registrationId: string, enrollment: Enrollment): string =>
  'registrationId' in enrollment ? (enrollment.deviceId ?? enrollment.registrationId) : registrationId;
