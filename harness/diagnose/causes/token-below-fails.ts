import { type FailureCause, likely } from '../cause.ts';
import { isCode, refusedCall } from '../evidence.ts';

/** The module says only that something failed; below it is a TPM, or a driver. */
export const tokenBelowFails: FailureCause = {
  explain: 'CKR_GENERAL_ERROR',
  scenario: 'failure/tpm/full-below-pkcs11',
  fix: 'look at the log of the module: a TPM below may have no room for an object',
  find: (evidence) =>
    isCode(evidence, 'CKR_GENERAL_ERROR') && refusedCall(evidence) === 'C_Login'
      ? likely(
          'the module reads its configuration and opens sessions; what is below it fails when the user logs in',
        )
      : undefined,
};
