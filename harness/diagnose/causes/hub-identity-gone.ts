import { certain, type FailureCause } from '../cause.ts';
import { isHubRefusal } from '../evidence.ts';

/** Somebody deleted it in the hub; DPS does not know. */
export const hubIdentityGone: FailureCause = {
  explain: '404001',
  scenario: 'failure/service/hub-identity-gone',
  fix: 'register again: DPS makes the identity anew',
  find: (evidence) => {
    const identity = evidence.enrollment?.hubIdentity;
    return isHubRefusal(evidence) && identity?.status === 'gone'
      ? certain(`${identity.hub} has no device ${identity.deviceId} any more, which DPS had assigned there`)
      : undefined;
  },
};
