import { certain, type FailureCause } from '../cause.ts';
import { isRefusedIdentity, presentedEndorsementKey, shortDigest } from '../evidence.ts';

/** Something has changed the EK on its way from the TPM to the service. */
export const ekDamaged: FailureCause = {
  explain: '401002',
  scenario: 'failure/tpm/ek-cut',
  fix: 'send the whole TPM2B_PUBLIC, its two bytes of length included',
  find: (evidence) => {
    const { individual } = evidence.enrollment ?? {};
    const tpm = evidence.device?.tpm;
    const presented = presentedEndorsementKey(evidence);
    if (!isRefusedIdentity(evidence) || tpm?.condition.kind !== 'answers' || typeof presented !== 'string')
      return undefined;
    const { endorsementKey, endorsementKeyBytes, endorsementKeysByTemplate = {} } = tpm.condition;
    if (endorsementKey !== individual?.endorsementKey || presented === endorsementKey) return undefined;
    if (
      Object.values(endorsementKeysByTemplate).includes(presented) ||
      tpm.presentedBytes === endorsementKeyBytes
    )
      return undefined;
    return certain(
      `the device presents ${tpm.presentedBytes ?? 0} bytes (${shortDigest(presented)}) where the EK of its TPM, which is enrolled, has ${endorsementKeyBytes ?? 0} (${shortDigest(endorsementKey)})`,
    );
  },
};
