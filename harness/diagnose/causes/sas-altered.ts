import { certain, type FailureCause } from '../cause.ts';
import { isRefusedIdentity } from '../evidence.ts';

/** The token is not what was signed. */
export const sasAltered: FailureCause = {
  explain: '401000',
  scenario: 'conformance/https-refusals tampered-token',
  fix: 'look at what encodes the token on its way: the signature is percent-encoded exactly once',
  find: (evidence) => {
    const { device } = evidence;
    if (!isRefusedIdentity(evidence) || device?.sas?.signed !== 'not-by-this-key') return undefined;
    return certain(
      'the device has the enrolled key, and the signature in its token is not made with it: the token was changed after signing',
    );
  },
};
