import { certain, type FailureCause } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** The token was set up, and no key was made in it. */
export const tokenWithoutKeys: FailureCause = {
  explain: 'CKR_KEY_HANDLE_INVALID',
  scenario: null,
  fix: 'make the key; after a token was initialised anew also the enrollment',
  find: (evidence) => {
    const token = evidence.device?.token;
    return isCode(evidence, 'CKR_KEY_HANDLE_INVALID', 'CKR_OBJECT_HANDLE_INVALID') &&
      token?.kind === 'answers' &&
      token.keys?.length === 0
      ? certain(
          'the token takes the PIN and holds no key at all: it was initialised anew, or no key was ever made',
        )
      : undefined;
  },
};
