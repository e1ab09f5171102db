import { type FailureCause, likely } from '../cause.ts';
import { isCode, refusedCommand } from '../evidence.ts';

/** Hardware is stricter than a software TPM. */
export const tpmStricter: FailureCause = {
  explain: 'TPM_RC_SIZE',
  scenario: 'failure/tpm/strict-sizes',
  fix: 'send values of the size that the standard says; try with more than one TPM',
  find: (evidence) =>
    isCode(evidence, 'TPM_RC_SIZE')
      ? likely(`${refusedCommand(evidence) ?? 'the TPM'} refuses a size that other TPMs take`)
      : undefined,
};
