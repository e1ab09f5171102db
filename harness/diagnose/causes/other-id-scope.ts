import { certain, type FailureCause } from '../cause.ts';

/** Another instance is asked, which knows nobody of this name. */
export const otherIdScope: FailureCause = {
  explain: '401002',
  scenario: 'failure/service/wrong-scope',
  fix: 'set the idScope of the instance in which the device is enrolled',
  find: ({ device, service: { idScope } }) =>
    device === undefined || device.idScope === idScope
      ? undefined
      : certain(`the device registers with idScope ${device.idScope}; this service is ${idScope}`),
};
