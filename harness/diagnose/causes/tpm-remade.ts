import { certain, type FailureCause } from '../cause.ts';
import { instant, isRefusedIdentity, presentedEndorsementKey, shortDigest } from '../evidence.ts';

/** The TPM has a new seed. */
export const tpmRemade: FailureCause = {
  explain: '401002',
  scenario: 'failure/tpm/new-ek-at-each-start',
  fix: 'keep the state of the TPM over restarts, then enrol its EK again',
  find: (evidence) => {
    const enrolled = evidence.enrollment?.individual?.endorsementKey;
    const presented = presentedEndorsementKey(evidence);
    if (!isRefusedIdentity(evidence)) return undefined;
    if (typeof enrolled !== 'string' || enrolled === presented || typeof presented !== 'string')
      return undefined;
    if (evidence.device?.tpm?.endorsementKeyOnRecord !== enrolled) return undefined;
    const since = instant(evidence.enrollment?.individual?.enrolledAtMs ?? 0);
    return certain(
      `the EK presented is not the enrolled one: enrolled ${shortDigest(enrolled)}, presented ${shortDigest(presented)}; the enrolled one was this TPM's before its state was re-created, after ${since}`,
    );
  },
};
