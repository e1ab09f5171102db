import { type FailureCause, likely } from '../cause.ts';
import { isCode, presentedEndorsementKey, refusedCommand, shortDigest } from '../evidence.ts';

/** The service challenges somebody else. */
export const credentialOfAnotherEk: FailureCause = {
  explain: 'TPM_RC_FAILURE',
  scenario: 'failure/tpm/credential-of-another-ek',
  fix: 'compare the EK in the enrollment and in the request; then the length of the challenge',
  find: (evidence) => {
    const condition = evidence.device?.tpm?.condition;
    if (refusedCommand(evidence) !== 'TPM2_ActivateCredential' || condition?.kind !== 'answers')
      return undefined;
    if (!isCode(evidence, 'TPM_RC_FAILURE', 'TPM_RC_VALUE', 'TPM_RC_BINDING', 'TPM_RC_SIZE'))
      return undefined;
    if (condition.endorsementKey !== presentedEndorsementKey(evidence)) return undefined;
    return likely(
      `the device presents its own EK (${shortDigest(condition.endorsementKey)}), and the challenge was not made for it`,
    );
  },
};
