import { type FailureCause, likely } from '../cause.ts';
import { isRefusedIdentity, serviceNowMs } from '../evidence.ts';

/** Now and then a service refuses who is right. */
export const refusedThoughRight: FailureCause = {
  explain: '401002',
  scenario: 'failure/keys/refused-now-and-then',
  fix: 'try once more; when it goes on, open a ticket with the tracking id',
  find: (evidence) => {
    const { device, enrollment } = evidence;
    const digest = device?.key?.digest;
    const se = device?.sas?.se;
    const now = serviceNowMs(evidence);
    if (!isRefusedIdentity(evidence) || digest === undefined || se === undefined || now === undefined)
      return undefined;
    const keys = [
      enrollment?.individual?.keys ?? [],
      ...(enrollment?.groups.map(({ derivedKeys }) => derivedKeys) ?? []),
    ].flat();
    if (!keys.includes(digest) || device?.sas?.signed !== 'documented' || se * 1000 <= now) return undefined;
    return likely('key, signature and expiry are right, and the service refused them all the same');
  },
};
