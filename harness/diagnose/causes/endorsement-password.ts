import { certain, type FailureCause } from '../cause.ts';
import { isCode, refusedCommand } from '../evidence.ts';

/** Somebody took the endorsement hierarchy. */
export const endorsementPassword: FailureCause = {
  explain: 'TPM_RC_BAD_AUTH',
  scenario: 'failure/tpm/hierarchy-passwords',
  fix: 'clear the endorsement password, or give it to the client',
  find: (evidence) => {
    const condition = evidence.device?.tpm?.condition;
    if (!isCode(evidence, 'TPM_RC_BAD_AUTH', 'TPM_RC_AUTH_FAIL') || condition?.kind !== 'answers')
      return undefined;
    if (!condition.endorsementPassword) return undefined;
    return certain(
      `the endorsement hierarchy has a password: ${refusedCommand(evidence) ?? 'the TPM'} with an empty one was refused`,
    );
  },
};
