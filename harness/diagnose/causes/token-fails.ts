import { type FailureCause, possible } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** The hardware, or a layer below the module. */
export const tokenFails: FailureCause = {
  explain: 'CKR_DEVICE_ERROR',
  scenario: null,
  fix: 'look at the log of the module: PKCS #11 does not say more',
  find: (evidence) =>
    isCode(evidence, 'CKR_DEVICE_ERROR', 'CKR_GENERAL_ERROR')
      ? possible('the token itself failed')
      : undefined,
};
