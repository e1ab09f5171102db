import { certain, type FailureCause } from '../cause.ts';
import { isTimeout } from '../evidence.ts';

/** A client with a waiting time of its own. */
export const throttleWaitedOut: FailureCause = {
  explain: 'TIMEOUT',
  scenario: 'failure/clients/edge-waits-a-minute',
  fix: 'wait as long as Retry-After says, and no longer',
  find: (evidence) => {
    const last = evidence.enrollment?.lastRequest;
    if (!isTimeout(evidence) || last?.status !== 429 || evidence.device?.waitingFor !== undefined)
      return undefined;
    const told =
      last.retryAfterSeconds === undefined ? '' : `, to come again after ${last.retryAfterSeconds} s`;
    return certain(
      `the service answered 429${told}, and the client had not come again when its time was over`,
    );
  },
};
