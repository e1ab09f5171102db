import { certain, type FailureCause } from '../cause.ts';
import { hasRegistered, isCode } from '../evidence.ts';

/** A client writes its key to one handle and looks for it at another. */
export const identityHandleTaken: FailureCause = {
  explain: 'TPM_RC_NV_DEFINED',
  scenario: 'failure/tpm/identity-handle-taken',
  fix: 'evict the key at 0x81001000, and update the client: 1.4.0 looked for it elsewhere',
  find: (evidence) => {
    const condition = evidence.device?.tpm?.condition;
    if (!isCode(evidence, 'TPM_RC_NV_DEFINED') || condition?.kind !== 'answers') return undefined;
    return hasRegistered(evidence) && condition.persistentHandles.includes(0x81001000)
      ? certain('the identity key is to be kept at 0x81001000, which holds another key')
      : undefined;
  },
};
