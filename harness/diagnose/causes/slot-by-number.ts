import { certain, type FailureCause, likely } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** Slot numbers do not last. */
export const slotByNumber: FailureCause = {
  explain: 'CKR_SLOT_ID_INVALID',
  scenario: 'failure/pkcs11/slot-by-number',
  fix: 'address the token by label or serial',
  find: (evidence) => {
    if (!isCode(evidence, 'CKR_SLOT_ID_INVALID')) return undefined;
    const token = evidence.device?.token;
    return token?.kind === 'answers' && token.found !== null
      ? certain(
          `the token ${token.found.label} is addressed by a slot number, and is in slot ${token.found.slot} now: numbers change when the library is loaded again`,
        )
      : likely('the token is addressed by a slot number, and it moves when the library is loaded again');
  },
};
