import { type FailureCause, likely } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** It worked up to here. */
export const connectionLost: FailureCause = {
  explain: 'ECONNRESET',
  scenario: null,
  fix: 'try again with a fresh connection; look for a proxy or firewall that ends idle ones',
  find: (evidence) =>
    isCode(evidence, 'ECONNRESET', 'EPIPE', 'CONNECTION_CLOSED')
      ? likely('the other side, or something on the way, cut the connection')
      : undefined,
};
