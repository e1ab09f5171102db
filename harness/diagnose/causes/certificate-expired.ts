import { certain, type FailureCause } from '../cause.ts';
import { instant, isRefusedIdentity, serviceNowMs } from '../evidence.ts';

/** A certificate of the chain is past its end. */
export const certificateExpired: FailureCause = {
  explain: '401002',
  scenario: 'failure/x509/never-renewed',
  fix: 'renew certificates before their end',
  find: (evidence) => {
    const now = serviceNowMs(evidence);
    if (!isRefusedIdentity(evidence) || now === undefined) return undefined;
    const expired = evidence.device?.chain?.certificates.find(({ notAfterMs }) => notAfterMs < now);
    return expired && certain(`the certificate ${expired.subject} expired on ${instant(expired.notAfterMs)}`);
  },
};
