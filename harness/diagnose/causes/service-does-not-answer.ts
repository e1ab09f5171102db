import { type FailureCause, type Finding, likely } from '../cause.ts';
import { type Evidence, isTimeout, slowestPhase, span } from '../evidence.ts';

/** Nothing is known of where the device waits: the service can be reached, and has answered nothing. */
const silence = ({ enrollment, service: { probe } }: Evidence): Finding | undefined =>
  probe?.kind === 'answers' && enrollment?.lastRequest === null
    ? likely('the service can be reached, and has answered no request of this device')
    : undefined;

/** Slow, or stuck in assigning. */
export const serviceDoesNotAnswer: FailureCause = {
  explain: 'TIMEOUT',
  scenario: null,
  fix: 'give the device more time, and look at the load of the service',
  find: (evidence) => {
    const slowest = slowestPhase(evidence);
    if (!isTimeout(evidence)) return undefined;
    if (slowest === undefined) return silence(evidence);
    if (slowest.phase === 'poll-wait' || slowest.phase === 'poll')
      return likely(`the service did not come to an end of assigning in ${span(slowest.ms)}`);
    return slowest.phase === 'register'
      ? likely(`the service took the request and has not answered it for ${span(slowest.ms)}`)
      : undefined;
  },
};
