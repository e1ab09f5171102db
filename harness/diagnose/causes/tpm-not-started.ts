import { certain, type FailureCause } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** Whoever switches a TPM on has to start it. */
export const tpmNotStarted: FailureCause = {
  explain: 'TPM_RC_INITIALIZE',
  scenario: 'failure/tpm/not-started',
  fix: 'send TPM2_Startup, or start swtpm with --flags startup-clear',
  find: (evidence) =>
    isCode(evidence, 'TPM_RC_INITIALIZE') ? certain('the TPM was never sent TPM2_Startup') : undefined,
};
