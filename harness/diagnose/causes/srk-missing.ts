import { certain, type FailureCause } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** Somebody evicted the SRK, or never made it. */
export const srkMissing: FailureCause = {
  explain: 'TPM_RC_HANDLE',
  scenario: 'failure/tpm/srk-missing',
  fix: 'make the SRK and keep it at 0x81000001; clients should do so themselves',
  find: (evidence) => {
    const condition = evidence.device?.tpm?.condition;
    if (!isCode(evidence, 'TPM_RC_HANDLE', 'TPM_RC_REFERENCE_H0') || condition?.kind !== 'answers')
      return undefined;
    return condition.persistentHandles.includes(0x81000001)
      ? undefined
      : certain('SRK missing: there is no key at 0x81000001');
  },
};
