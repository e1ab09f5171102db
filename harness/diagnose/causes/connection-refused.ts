import { certain, type FailureCause, likely } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** Nobody is there. */
export const connectionRefused: FailureCause = {
  explain: 'ECONNREFUSED',
  scenario: null,
  fix: 'look whether the service runs and which ports are open',
  find: (evidence) => {
    if (!isCode(evidence, 'ECONNREFUSED')) return undefined;
    return evidence.service.probe?.kind === 'answers'
      ? likely(
          'the connection was refused, and the service answers now: it was down, or this port of it is closed',
        )
      : certain('connection refused: nobody listens at the address of the service');
  },
};
