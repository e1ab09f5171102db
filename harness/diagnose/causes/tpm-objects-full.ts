import { certain, type FailureCause } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** Objects leak. */
export const tpmObjectsFull: FailureCause = {
  explain: 'TPM_RC_OBJECT_MEMORY',
  scenario: 'failure/tpm/objects-full',
  fix: 'flush transient objects (tpm2_flushcontext -t), use a resource manager',
  find: (evidence) =>
    isCode(evidence, 'TPM_RC_OBJECT_MEMORY', 'TPM_RC_OBJECT_HANDLES')
      ? certain('the TPM has no room for a further object: others were not flushed')
      : undefined,
};
