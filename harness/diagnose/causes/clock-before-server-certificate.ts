import { certain, type FailureCause } from '../cause.ts';
import { clockAheadMs, instant, isCode, span } from '../evidence.ts';

/** Certificates are longer valid than the clocks of devices with a battery are wrong. */
const NOTABLE_MS = 3_600_000;

/** Dates of certificates are judged by the clock of who looks. */
export const clockBeforeServerCertificate: FailureCause = {
  explain: 'CERT_NOT_YET_VALID',
  scenario: 'failure/x509/clock-of-1970',
  fix: 'set the clock before anything that needs TLS',
  find: (evidence) => {
    const aheadMs = clockAheadMs(evidence);
    if (!isCode(evidence, 'CERT_NOT_YET_VALID', 'CERT_HAS_EXPIRED') || aheadMs === undefined)
      return undefined;
    if (Math.abs(aheadMs) < NOTABLE_MS) return undefined;
    const where = aheadMs < 0 ? 'behind' : 'ahead of';
    const shows =
      evidence.device === undefined ? '' : `: it shows ${instant(evidence.device.clock.deviceMs)}`;
    return certain(`the device's clock is ${span(aheadMs)} ${where} the service's Date${shows}`);
  },
};
