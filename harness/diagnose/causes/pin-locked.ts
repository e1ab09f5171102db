import { certain, type FailureCause } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** Somebody guessed. */
export const pinLocked: FailureCause = {
  explain: 'CKR_PIN_LOCKED',
  scenario: 'failure/pkcs11/pin-locked',
  fix: 'unlock the token with the PIN of its security officer',
  find: (evidence) =>
    isCode(evidence, 'CKR_PIN_LOCKED')
      ? certain('the token has locked its PIN after too many wrong ones')
      : undefined,
};
