import { certain, type FailureCause } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** The wrong role, or the wrong order. */
export const officerLogin: FailureCause = {
  explain: 'CKR_SESSION_READ_ONLY_EXISTS',
  scenario: 'failure/pkcs11/officer-beside-read-only-session',
  fix: 'close read-only sessions first, or log in as user',
  find: (evidence) =>
    isCode(evidence, 'CKR_SESSION_READ_ONLY_EXISTS')
      ? certain('the security officer logs in while a read-only session is open')
      : undefined,
};
