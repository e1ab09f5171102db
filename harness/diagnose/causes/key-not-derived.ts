import { certain, type FailureCause } from '../cause.ts';
import { isRefusedIdentity } from '../evidence.ts';

/** The key that the portal shows was copied to the device. */
export const keyNotDerived: FailureCause = {
  explain: '401002',
  scenario: 'failure/keys/not-derived',
  fix: 'derive the key of the device: HMAC-SHA256 of its registrationId with the key of the group',
  find: (evidence) => {
    const { device, enrollment } = evidence;
    if (!isRefusedIdentity(evidence)) return undefined;
    const group = enrollment?.groups.find(({ keys }) => keys.includes(device?.key?.digest ?? ''));
    return (
      group &&
      certain(
        `the device signs with the key of group ${group.enrollmentId} itself, not with one derived from it`,
      )
    );
  },
};
