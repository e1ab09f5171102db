import { certain, type FailureCause } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** Sessions leak. */
export const tpmSessionsFull: FailureCause = {
  explain: 'TPM_RC_SESSION_MEMORY',
  scenario: 'failure/tpm/sessions-full',
  fix: 'flush sessions (tpm2_flushcontext -l), use a resource manager',
  find: (evidence) =>
    isCode(evidence, 'TPM_RC_SESSION_MEMORY', 'TPM_RC_SESSION_HANDLES')
      ? certain('the TPM has no room for a further session: others were not closed')
      : undefined,
};
