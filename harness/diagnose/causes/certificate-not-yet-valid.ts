import { certain, type FailureCause } from '../cause.ts';
import { instant, isRefusedIdentity, serviceNowMs } from '../evidence.ts';

/** A certificate of the chain is of the future. */
export const certificateNotYetValid: FailureCause = {
  explain: '401002',
  scenario: 'conformance/https-refusals certificate-not-yet-valid',
  fix: 'compare the clock of the CA with that of the service',
  find: (evidence) => {
    const now = serviceNowMs(evidence);
    if (!isRefusedIdentity(evidence) || now === undefined) return undefined;
    const early = evidence.device?.chain?.certificates.find(({ notBeforeMs }) => notBeforeMs > now);
    return (
      early && certain(`the certificate ${early.subject} is not valid before ${instant(early.notBeforeMs)}`)
    );
  },
};
