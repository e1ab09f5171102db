import { certain, type FailureCause } from '../cause.ts';
import { isCode, refusedCommand } from '../evidence.ts';

/** Somebody took ownership. */
export const ownerPassword: FailureCause = {
  explain: 'TPM_RC_BAD_AUTH',
  scenario: 'failure/tpm/hierarchy-passwords',
  fix: 'clear the owner password, or give it to the client',
  find: (evidence) => {
    const condition = evidence.device?.tpm?.condition;
    if (!isCode(evidence, 'TPM_RC_BAD_AUTH', 'TPM_RC_AUTH_FAIL') || condition?.kind !== 'answers')
      return undefined;
    if (!condition.ownerPassword) return undefined;
    return certain(
      `the owner hierarchy has a password: ${refusedCommand(evidence) ?? 'the TPM'} with an empty one was refused`,
    );
  },
};
