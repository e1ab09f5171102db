import { certain, type FailureCause } from '../cause.ts';
import { codeOf } from '../evidence.ts';

/** Not the device’s fault. */
export const serviceUnavailable: FailureCause = {
  explain: '503001',
  scenario: 'failure/service/unavailable-while-polling',
  fix: 'come again later, with growing waits; a client should do so also while it polls',
  find: (evidence) => {
    const status = /^DPS_(5\d\d)/.exec(codeOf(evidence))?.[1];
    if (status === undefined) return undefined;
    const asked =
      evidence.enrollment?.lastRequest?.operation === 'poll' ? 'a status query' : 'the registration';
    return certain(`the service itself failed: it answered ${status} to ${asked}`);
  },
};
