import { certain, type FailureCause } from '../cause.ts';
import { isRefusedIdentity } from '../evidence.ts';

/** A signing mistake of clients written by hand. */
export const sasNotEncoded: FailureCause = {
  explain: '401000',
  scenario: 'failure/keys/signing-bugs',
  fix: 'sign the resource percent-encoded, as it stands in the token',
  find: (evidence) => {
    const { device } = evidence;
    if (!isRefusedIdentity(evidence) || device?.sas?.signed !== 'sr-not-encoded') return undefined;
    return certain('the signature is over the resource as it is, and the token has it percent-encoded');
  },
};
