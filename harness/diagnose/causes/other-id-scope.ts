import { certain, type FailureCause } from '../cause.ts';
import { isRefusedIdentity } from '../evidence.ts';

/** Another instance is asked, which knows nobody of this name. */
export const otherIdScope: FailureCause = {
  explain: '401002',
  scenario: 'failure/service/wrong-scope',
  fix: 'set the idScope of the instance in which the device is enrolled',
  find: (evidence) => {
    const {
      device,
      service: { idScope },
    } = evidence;
    return !isRefusedIdentity(evidence) || device === undefined || device.idScope === idScope
      ? undefined
      : certain(`the device registers with idScope ${device.idScope}; this service is ${idScope}`);
  },
};
