import { certain, type FailureCause } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** Sessions leak, or there are more devices than the token takes. */
export const tokenSessionsFull: FailureCause = {
  explain: 'CKR_SESSION_COUNT',
  scenario: null,
  fix: 'keep one session for each device and close it; share sessions',
  find: (evidence) =>
    isCode(evidence, 'CKR_SESSION_COUNT')
      ? certain('the token has no room for a further session')
      : undefined,
};
