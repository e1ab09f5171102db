import { certain, type FailureCause } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** The name itself is refused. */
export const registrationIdForm: FailureCause = {
  explain: '400004',
  scenario: 'failure/x509/capital-letters',
  fix: 'use small letters, digits and - . _ : in the registrationId',
  find: (evidence) => {
    const id = evidence.device?.registrationId;
    if (!isCode(evidence, 'DPS_400004') || id === undefined) return undefined;
    if (/[A-Z]/.test(id))
      return certain(`the registrationId ${id} has capital letters, and the service takes small ones only`);
    const wrong = /[^A-Za-z0-9\-._:]/.exec(id)?.[0];
    return wrong === undefined ? undefined : certain(`the registrationId has ${JSON.stringify(wrong)} in it`);
  },
};
