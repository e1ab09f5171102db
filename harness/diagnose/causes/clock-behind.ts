import { certain, type FailureCause } from '../cause.ts';
import { clockAheadMs, isRefusedIdentity, serviceNowMs, span } from '../evidence.ts';

/** Less than this no token expires of. */
const NOTABLE_MS = 60_000;

/** A device without the time makes tokens of the past. */
export const clockBehind: FailureCause = {
  explain: '401000',
  scenario: 'failure/keys/clock-late',
  fix: "set the device's clock before it registers",
  find: (evidence) => {
    const aheadMs = clockAheadMs(evidence);
    const se = evidence.device?.sas?.se;
    const now = serviceNowMs(evidence);
    if (aheadMs === undefined || se === undefined || now === undefined || !isRefusedIdentity(evidence))
      return undefined;
    if (aheadMs > -NOTABLE_MS || se * 1000 > now) return undefined;
    return certain(
      `the device's clock is ${span(aheadMs)} behind the service's Date: its token had expired when it was made`,
    );
  },
};
