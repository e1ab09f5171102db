import { certain, type FailureCause } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** A token of this name was made anew, and has another serial. */
export const tokenRemade: FailureCause = {
  explain: 'CKR_TOKEN_NOT_PRESENT',
  scenario: 'failure/pkcs11/store-not-on-a-volume',
  fix: 'keep the token directory on a volume, then make key and enrollment anew',
  find: (evidence) => {
    const { token, tokenUri } = evidence.device ?? {};
    return isCode(evidence, 'CKR_TOKEN_NOT_PRESENT') &&
      token?.kind === 'answers' &&
      token.otherSerial !== null
      ? certain(
          `the token ${tokenUri?.['token'] ?? ''} has the serial ${token.otherSerial}, the device wants ${tokenUri?.['serial'] ?? ''}: it was made anew`,
        )
      : undefined;
  },
};
