import { certain, type FailureCause } from '../cause.ts';
import { isRefusedIdentity } from '../evidence.ts';

/** The derived key was taken for the key of the group. */
export const keyDerivedTwice: FailureCause = {
  explain: '401000',
  scenario: 'failure/keys/derived-twice',
  fix: 'derive once: HMAC-SHA256 of the registrationId with the key of the group',
  find: (evidence) => {
    const { device, enrollment } = evidence;
    if (!isRefusedIdentity(evidence)) return undefined;
    const group = enrollment?.groups.find(({ derivedTwice }) =>
      derivedTwice.includes(device?.key?.digest ?? ''),
    );
    return group && certain(`key = derive(derive(key of group ${group.enrollmentId}))`);
  },
};
