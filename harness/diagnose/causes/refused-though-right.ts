import type { EnrolledEvidence, GroupEvidence } from '../../../simulators/index.ts';
import { type FailureCause, likely, possible } from '../cause.ts';
import { isRefusedIdentity, serviceNowMs } from '../evidence.ts';

/** Of a group those that are derived from its own. */
const keysFor = (enrolled: EnrolledEvidence | GroupEvidence): readonly string[] =>
  'derivedKeys' in enrolled ? enrolled.derivedKeys : enrolled.keys;

/** Now and then a service refuses who is right. */
export const refusedThoughRight: FailureCause = {
  explain: '401002',
  scenario: 'failure/keys/refused-now-and-then',
  fix: 'try once more; when it goes on, open a ticket with the tracking id',
  find: (evidence) => {
    const { device, enrollment } = evidence;
    const digest = device?.key?.digest;
    const now = serviceNowMs(evidence);
    if (!isRefusedIdentity(evidence) || digest === undefined || now === undefined) return undefined;
    const keys = [enrollment?.individual ?? [], enrollment?.groups ?? []].flat().flatMap(keysFor);
    if (!keys.includes(digest)) return undefined;
    const sas = device?.sas;
    // A client that makes its token inside of a library shows it to nobody.
    if (sas === undefined)
      return possible(
        'the key is right, and the token was not seen: the service may have refused all the same',
      );
    if (sas.signed !== 'documented' || sas.se * 1000 <= now) return undefined;
    return likely('key, signature and expiry are right, and the service refused them all the same');
  },
};
