import { certain, type FailureCause } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** The service runs as another user than the one who set it up. */
export const pinUnreadable: FailureCause = {
  explain: 'PIN_UNREADABLE',
  scenario: 'failure/pkcs11/service-is-another-user',
  fix: 'let the user of the service read PIN file and store',
  find: (evidence) =>
    isCode(evidence, 'PIN_UNREADABLE') ? certain('the process cannot read the file with the PIN') : undefined,
};
