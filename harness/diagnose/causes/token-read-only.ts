import { type FailureCause, likely } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** SoftHSM opens its store for writing even to sign. */
export const tokenReadOnly: FailureCause = {
  explain: 'CKR_TOKEN_WRITE_PROTECTED',
  scenario: 'failure/pkcs11/store-read-only',
  fix: 'let the process write to the token directory',
  find: (evidence) =>
    isCode(evidence, 'CKR_TOKEN_WRITE_PROTECTED', 'CKR_SESSION_READ_ONLY')
      ? likely('the store of the token is read-only')
      : undefined,
};
