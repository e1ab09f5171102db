import { certain, type FailureCause } from '../cause.ts';
import { isRefusedIdentity } from '../evidence.ts';

/** A key is derived from the very letters of the id, while enrollments take capital and small ones for the same. */
export const keyOfOtherCase: FailureCause = {
  explain: '401002',
  scenario: null,
  fix: 'derive the key from the registrationId exactly as the device sends it',
  find: (evidence) => {
    const { device, enrollment } = evidence;
    if (!isRefusedIdentity(evidence)) return undefined;
    const group = enrollment?.groups.find(({ derivedFromOtherCase }) =>
      derivedFromOtherCase.includes(device?.key?.digest ?? ''),
    );
    return (
      group &&
      certain(
        `the key was derived from the registrationId in other letters than it is sent: ${device?.registrationId ?? ''}`,
      )
    );
  },
};
