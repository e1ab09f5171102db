import { certain, type FailureCause } from '../cause.ts';
import { isTimeout, slowestPhase, span } from '../evidence.ts';

/** A TPM, or what stands before it, does not answer. */
export const tpmHangs: FailureCause = {
  explain: 'TIMEOUT',
  scenario: 'failure/tpm/hangs',
  fix: 'look for a resource manager that waits for a session; restart it',
  find: (evidence) => {
    const slowest = slowestPhase(evidence);
    if (!isTimeout(evidence) || slowest?.phase !== 'tpm') return undefined;
    return certain(`the TPM took a command and has not answered it for ${span(slowest.ms)}`);
  },
};
