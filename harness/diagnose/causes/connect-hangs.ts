import { certain, type FailureCause, likely } from '../cause.ts';
import { isTimeout, slowestPhase, span } from '../evidence.ts';

/** Nobody refuses, and nobody answers. */
export const connectHangs: FailureCause = {
  explain: 'TIMEOUT',
  scenario: null,
  fix: 'look for a firewall, or a proxy that waits for its own upstream',
  find: (evidence) => {
    const { proxied, probe } = evidence.service;
    const slowest = slowestPhase(evidence);
    if (!isTimeout(evidence) || slowest?.phase !== 'tcp-tls') return undefined;
    const who = proxied ? 'the proxy hangs' : 'the way to the service hangs';
    const statement = `${who}: ${span(slowest.ms)} went by connecting`;
    return probe?.kind === 'silent' ? certain(statement) : likely(statement);
  },
};
