import { type FailureCause, likely } from '../cause.ts';
import { isCode, refusedCall } from '../evidence.ts';

/** The module was loaded, and cannot do anything. */
export const moduleUnconfigured: FailureCause = {
  explain: 'CKR_GENERAL_ERROR',
  scenario: 'failure/pkcs11/configuration-unreadable',
  fix: 'let the user of the process read the configuration of the module (SOFTHSM2_CONF)',
  find: (evidence) =>
    isCode(evidence, 'CKR_GENERAL_ERROR') &&
    /^C_(Initialize|GetSlotList|OpenSession)$/.test(refusedCall(evidence) ?? '')
      ? likely(
          `${refusedCall(evidence)} fails before anybody logs in: the module cannot read its configuration or its store`,
        )
      : undefined,
};
