import { certain, type FailureCause } from '../cause.ts';
import { isRefusedIdentity, presentedEndorsementKey, shortDigest } from '../evidence.ts';

/** One seed, two templates, two EKs. */
export const ekOfOtherTemplate: FailureCause = {
  explain: '401002',
  scenario: 'failure/tpm/ek-of-other-template',
  fix: 'enrol the EK that the client on the device presents',
  find: (evidence) => {
    const enrolled = evidence.enrollment?.individual?.endorsementKey;
    const presented = presentedEndorsementKey(evidence);
    const condition = evidence.device?.tpm?.condition;
    if (!isRefusedIdentity(evidence)) return undefined;
    if (typeof enrolled !== 'string' || enrolled === presented || condition?.kind !== 'answers')
      return undefined;
    const byTemplate = Object.entries(condition.endorsementKeysByTemplate ?? {});
    const template = byTemplate.find(([, digest]) => digest === enrolled)?.[0];
    const other = byTemplate.find(([, digest]) => digest === presented)?.[0];
    if (template === undefined || other === undefined) return undefined;
    return certain(
      `the EK presented is this TPM's from the ${other} template (${shortDigest(presented)}), the enrolled one its EK from the ${template} template (${shortDigest(enrolled)})`,
    );
  },
};
