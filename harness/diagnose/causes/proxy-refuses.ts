import { certain, type FailureCause } from '../cause.ts';
import { codeOf, messageOf } from '../evidence.ts';

/** The way leads through somebody who refuses. */
export const proxyRefuses: FailureCause = {
  explain: 'PROXY_AUTHENTICATION_REQUIRED',
  scenario: null,
  fix: 'give the device the name and password of the proxy',
  find: (evidence) =>
    /^PROXY_/.test(codeOf(evidence))
      ? certain(`the proxy lets nobody through: ${messageOf(evidence)}`)
      : undefined,
};
