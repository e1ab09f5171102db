import { certain, type FailureCause } from '../cause.ts';
import { isRefusedIdentity } from '../evidence.ts';

/** A signing mistake of clients written by hand. */
export const sasWithoutLineFeed: FailureCause = {
  explain: '401000',
  scenario: 'failure/keys/signing-bugs',
  fix: 'sign {sr}\\n{se}: the percent-encoded resource, a line feed, the expiry',
  find: (evidence) => {
    const { device } = evidence;
    if (!isRefusedIdentity(evidence) || device?.sas?.signed !== 'without-line-feed') return undefined;
    return certain('the signature is over sr and se without the line feed between them');
  },
};
