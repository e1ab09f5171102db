import { certain, type FailureCause } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** Another PIN than the token was set up with. */
export const pinIncorrect: FailureCause = {
  explain: 'CKR_PIN_INCORRECT',
  scenario: 'failure/pkcs11/wrong-pin-with-ec-key',
  fix: 'write the PIN of this token into the PIN source',
  find: (evidence) =>
    isCode(evidence, 'CKR_PIN_INCORRECT', 'CKR_PIN_INVALID')
      ? certain('the token refuses the PIN that the device has')
      : undefined,
};
