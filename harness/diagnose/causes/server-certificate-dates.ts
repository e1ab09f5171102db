import { certain, type FailureCause } from '../cause.ts';
import { instant, isCode, serviceNowMs } from '../evidence.ts';

/** The server forgot to renew. */
export const serverCertificateDates: FailureCause = {
  explain: 'CERT_HAS_EXPIRED',
  scenario: null,
  fix: 'renew the certificate of the server',
  find: (evidence) => {
    const { probe } = evidence.service;
    if (!isCode(evidence, 'CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED') || probe?.kind !== 'answers')
      return undefined;
    const now = serviceNowMs(evidence);
    const wrong = probe.certificates.find(
      ({ notBeforeMs, notAfterMs }) => now !== undefined && (now < notBeforeMs || now > notAfterMs),
    );
    return (
      wrong &&
      certain(
        `the server's certificate ${wrong.subject} is valid from ${instant(wrong.notBeforeMs)} to ${instant(wrong.notAfterMs)}, and the device's clock is right`,
      )
    );
  },
};
