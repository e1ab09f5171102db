import { certain, type FailureCause } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** Somebody evicted the EK, or never made it. */
export const ekMissing: FailureCause = {
  explain: 'TPM_RC_HANDLE',
  scenario: null,
  fix: 'make the EK and keep it at 0x81010001',
  find: (evidence) => {
    const condition = evidence.device?.tpm?.condition;
    if (!isCode(evidence, 'TPM_RC_HANDLE', 'TPM_RC_REFERENCE_H0') || condition?.kind !== 'answers')
      return undefined;
    return condition.persistentHandles.includes(0x81010001)
      ? undefined
      : certain('EK missing: there is no key at 0x81010001');
  },
};
