import { certain, type FailureCause } from '../cause.ts';
import { presentedEndorsementKey, refusedCommand, shortDigest } from '../evidence.ts';

/** The challenge is for a TPM that is not here. */
export const ekOfAnotherTpm: FailureCause = {
  explain: 'TPM_RC_FAILURE',
  scenario: 'failure/tpm/credential-of-another-ek',
  fix: 'read the EK from the TPM that answers the challenge',
  find: (evidence) => {
    const condition = evidence.device?.tpm?.condition;
    const presented = presentedEndorsementKey(evidence);
    if (refusedCommand(evidence) !== 'TPM2_ActivateCredential' || condition?.kind !== 'answers')
      return undefined;
    if (condition.endorsementKey === presented) return undefined;
    return certain(
      `the device presents the EK of another TPM, ${shortDigest(presented)}; its own has ${shortDigest(condition.endorsementKey)}`,
    );
  },
};
