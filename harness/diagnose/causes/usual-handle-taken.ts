import { certain, type FailureCause } from '../cause.ts';
import { hasRegistered, isCode } from '../evidence.ts';

/** Two clients on one machine keep their keys at one handle. */
export const usualHandleTaken: FailureCause = {
  explain: 'TPM_RC_NV_DEFINED',
  scenario: 'failure/clients/two-clients-one-handle',
  fix: 'give each client a handle of its own, or evict the key at 0x81000100',
  find: (evidence) => {
    const condition = evidence.device?.tpm?.condition;
    if (!isCode(evidence, 'TPM_RC_NV_DEFINED') || condition?.kind !== 'answers') return undefined;
    return hasRegistered(evidence) && condition.persistentHandles.includes(0x81000100)
      ? certain(
          'the challenge was answered, and the identity key finds 0x81000100 taken by the key of another client',
        )
      : undefined;
  },
};
