import { certain, type FailureCause } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** What the service gave is not there any more. */
export const identityKeyMissing: FailureCause = {
  explain: 'TPM_RC_HANDLE',
  scenario: null,
  fix: 'register again: the key comes with the answer to the challenge',
  find: (evidence) => {
    const condition = evidence.device?.tpm?.condition;
    if (!isCode(evidence, 'TPM_RC_HANDLE', 'TPM_RC_REFERENCE_H0') || condition?.kind !== 'answers')
      return undefined;
    return condition.persistentHandles.includes(0x81000100)
      ? undefined
      : certain(
          'there is no identity key at 0x81000100: the device was not activated, or another program removed the key',
        );
  },
};
