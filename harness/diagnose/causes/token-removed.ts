import { certain, type FailureCause } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** It was there. */
export const tokenRemoved: FailureCause = {
  explain: 'CKR_DEVICE_REMOVED',
  scenario: null,
  fix: 'open it again; look at the cable or at the daemon behind the module',
  find: (evidence) =>
    isCode(evidence, 'CKR_DEVICE_REMOVED') ? certain('the token went away while it was in use') : undefined,
};
