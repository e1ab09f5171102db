import { certain, type FailureCause } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** The store is another one, or was not kept. */
export const tokenStoreEmpty: FailureCause = {
  explain: 'CKR_TOKEN_NOT_PRESENT',
  scenario: 'failure/pkcs11/store-not-on-a-volume',
  fix: 'keep the token directory on a volume',
  find: (evidence) => {
    const token = evidence.device?.token;
    return isCode(evidence, 'CKR_TOKEN_NOT_PRESENT', 'CKR_SLOT_ID_INVALID') &&
      token?.kind === 'answers' &&
      token.tokens === 0
      ? certain(
          'the module has no token at all: its store is empty, or another one than the token was made in',
        )
      : undefined;
  },
};
