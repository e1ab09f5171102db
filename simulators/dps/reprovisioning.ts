import type { RegistrationSubstatus } from '../wire/constants.ts';
import type { ReprovisionPolicy } from '../wire/enrollment.ts';

/** Where a device was provisioned to; it outlives registrations that fail. */
export interface Assignment {
  readonly hub: string;
  readonly deviceId: string;
  /** The hub of the first assignment since the registration record was made. */
  readonly firstHub: string;
  readonly substatus: RegistrationSubstatus;
}

/** The last api-version of clients that know nothing of reprovisioning. */
const LAST_STICKY_API_VERSION = '2018-04-01';

/** Whether a device that registers again stays where it is: by the policy saved, else by the age of the client. */
export function staysOnItsHub(
  policy: ReprovisionPolicy | undefined,
  apiVersion: string | undefined,
): boolean {
  if (policy !== undefined) return policy.updateHubAssignment === false;
  return apiVersion !== undefined && apiVersion <= LAST_STICKY_API_VERSION;
}

/** What an assignment to this hub is called, given where the device was before. */
export function substatusOf(
  hub: string,
  before: Assignment | undefined,
  policy: ReprovisionPolicy | undefined,
): RegistrationSubstatus {
  if (before === undefined) return 'initialAssignment';
  if (hub === before.hub) return before.substatus;
  if (hub === before.firstHub) return 'reprovisionedToInitialAssignment';
  return policy?.migrateDeviceData === false ? 'deviceDataReset' : 'deviceDataMigrated';
}
