import { certain, type FailureCause } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** Wrong passwords were tried too often. */
export const tpmLockout: FailureCause = {
  explain: 'TPM_RC_LOCKOUT',
  scenario: null,
  fix: 'wait for its recovery time, or reset it: tpm2_dictionarylockout --clear-lockout',
  find: (evidence) => {
    const condition = evidence.device?.tpm?.condition;
    const lockout = condition?.kind === 'answers' ? condition.lockout : undefined;
    if (!isCode(evidence, 'TPM_RC_LOCKOUT') && lockout?.active !== true) return undefined;
    const count =
      lockout === undefined ? '' : `: ${lockout.failedTries} wrong passwords of ${lockout.maxTries}`;
    return certain(`the TPM is locked against guessing${count}`);
  },
};
