import { certain, type FailureCause } from '../cause.ts';
import { isHubRefusal } from '../evidence.ts';

/** Somebody has locked the device out of its hub. */
export const hubIdentityDisabled: FailureCause = {
  explain: 'IotHubUnauthorizedAccess',
  scenario: null,
  fix: 'enable the device in the hub, or leave it: somebody has locked it out',
  find: (evidence) => {
    const identity = evidence.enrollment?.hubIdentity;
    return isHubRefusal(evidence) && identity?.status === 'disabled'
      ? certain(`the device ${identity.deviceId} is disabled in ${identity.hub}`)
      : undefined;
  },
};
