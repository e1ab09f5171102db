import { type FailureCause, likely } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** The proof of integrity failed though all keys are right. */
export const blobDamaged: FailureCause = {
  explain: 'TPM_RC_INTEGRITY',
  scenario: null,
  fix: 'record the challenge and its answer, and compare their lengths',
  find: (evidence) => {
    const tpm = evidence.device?.tpm;
    if (!isCode(evidence, 'TPM_RC_INTEGRITY') || tpm?.condition.kind !== 'answers') return undefined;
    if (tpm.condition.storageRootKey !== tpm.storageRootKeyOnRecord) return undefined;
    return likely(
      'EK and SRK are what the device told the service: what the service sent is damaged, or was wrapped for another TPM',
    );
  },
};
