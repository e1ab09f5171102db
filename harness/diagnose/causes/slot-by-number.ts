import { type FailureCause, likely } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** Slot numbers do not last. */
export const slotByNumber: FailureCause = {
  explain: 'CKR_SLOT_ID_INVALID',
  scenario: 'failure/pkcs11/slot-by-number',
  fix: 'address the token by label or serial',
  find: (evidence) =>
    isCode(evidence, 'CKR_SLOT_ID_INVALID')
      ? likely('the token is addressed by a slot number, and it moves when the library is loaded again')
      : undefined,
};
