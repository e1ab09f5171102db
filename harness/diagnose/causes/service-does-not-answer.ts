import { type FailureCause, likely } from '../cause.ts';
import { isTimeout, slowestPhase, span } from '../evidence.ts';

/** Slow, or stuck in assigning. */
export const serviceDoesNotAnswer: FailureCause = {
  explain: 'TIMEOUT',
  scenario: null,
  fix: 'give the device more time, and look at the load of the service',
  find: (evidence) => {
    const slowest = slowestPhase(evidence);
    if (!isTimeout(evidence) || slowest === undefined) return undefined;
    if (slowest.phase === 'poll-wait' || slowest.phase === 'poll')
      return likely(`the service did not come to an end of assigning in ${span(slowest.ms)}`);
    return slowest.phase === 'register'
      ? likely(`the service took the request and has not answered it for ${span(slowest.ms)}`)
      : undefined;
  },
};
