import { certain, type FailureCause } from '../cause.ts';
import { instant, isRefusedIdentity, serviceNowMs, span } from '../evidence.ts';

/** An old token was kept. */
export const sasExpired: FailureCause = {
  explain: '401000',
  scenario: 'conformance/https-refusals expired-sas',
  fix: 'make a new token for each registration',
  find: (evidence) => {
    const se = evidence.device?.sas?.se;
    const now = serviceNowMs(evidence);
    if (!isRefusedIdentity(evidence) || se === undefined || now === undefined || se * 1000 > now)
      return undefined;
    return certain(
      `the token expired ${span(now - se * 1000)} before it was sent (${instant(se * 1000)}), and the device's clock is right`,
    );
  },
};
