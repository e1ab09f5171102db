import { certain, type FailureCause } from '../cause.ts';
import { instant, isRefusedIdentity } from '../evidence.ts';

/** A life of ten years; nobody has tokens of 1980. */
const LONGEST_LIFE_SECONDS = 10 * 366 * 86_400;

/** The expiry is a point in time, not a length of time. */
export const sasLifeForExpiry: FailureCause = {
  explain: '401000',
  scenario: 'failure/keys/signing-bugs',
  fix: 'write the expiry as seconds since 1970',
  find: (evidence) => {
    const se = evidence.device?.sas?.se;
    if (!isRefusedIdentity(evidence) || se === undefined || se > LONGEST_LIFE_SECONDS) return undefined;
    return certain(
      `the token expires at se=${se}, which is ${instant(se * 1000)}: a life stands where the expiry belongs`,
    );
  },
};
