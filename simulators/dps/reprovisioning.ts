import type { RegistrationSubstatus } from '../wire/constants.ts';
import type { ReprovisionPolicy } from '../wire/enrollment.ts';
import type { DpsRules } from './rules.ts';

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
  rules: DpsRules,
): boolean {
  if (policy !== undefined) return policy.updateHubAssignment === false;
  if (rules['no-reprovision-policy'] === 'moved') return false;
  return apiVersion !== undefined && apiVersion <= LAST_STICKY_API_VERSION;
}

/** What an assignment to this hub is called, given where the device was before. */
export function substatusOf(
  hub: string,
  before: Assignment | undefined,
  policy: ReprovisionPolicy | undefined,
  rules: DpsRules,
): RegistrationSubstatus {
  if (before === undefined) return 'initialAssignment';
  const isReset = policy?.migrateDeviceData === false;
  if (hub === before.hub) {
    return isReset && rules['reset-on-same-hub'] === 'deviceDataReset' ? 'deviceDataReset' : before.substatus;
  }
  if (hub === before.firstHub) return 'reprovisionedToInitialAssignment';
  return isReset ? 'deviceDataReset' : 'deviceDataMigrated';
}
