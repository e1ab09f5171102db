import { certain, type FailureCause } from '../cause.ts';
import { isRefusedIdentity, presentedEndorsementKey, shortDigest } from '../evidence.ts';

/** Another TPM was enrolled: a mainboard was changed, or lines were mixed up. */
export const ekNotEnrolled: FailureCause = {
  explain: '401002',
  scenario: 'conformance/https-refusals ek-not-enrolled',
  fix: 'enrol the EK of the TPM that is in the device now',
  find: (evidence) => {
    const enrolled = evidence.enrollment?.individual?.endorsementKey;
    const presented = presentedEndorsementKey(evidence);
    if (!isRefusedIdentity(evidence) || typeof enrolled !== 'string' || typeof presented !== 'string')
      return undefined;
    if (enrolled === presented) return undefined;
    const condition = evidence.device?.tpm?.condition;
    const whose =
      condition?.kind === 'answers' && condition.endorsementKey === enrolled
        ? 'the enrolled one is in this TPM, and the device does not present it'
        : 'this TPM never had the enrolled one';
    return certain(
      `the EK presented is not the enrolled one: enrolled ${shortDigest(enrolled)}, presented ${shortDigest(presented)}; ${whose}`,
    );
  },
};
