import { certain, type FailureCause, possible } from '../cause.ts';
import { codeOf } from '../evidence.ts';

/** Somebody has locked the device out. */
export const enrollmentDisabled: FailureCause = {
  explain: '401002',
  scenario: 'failure/service/disabled',
  fix: 'enable the enrollment, or leave it: somebody has locked this device out',
  find: (evidence) => {
    const { enrollment, result } = evidence;
    const isEnded = result.kind === 'ended' && result.status === 'disabled';
    const isRefused = isEnded || /^DPS_/.test(codeOf(evidence));
    if (isRefused && enrollment?.individual?.disabled === true)
      return certain(`the individual enrollment ${enrollment.individual.enrollmentId} is disabled`);
    if (!isEnded) return undefined;
    const group = enrollment?.groups.find(({ disabled }) => disabled);
    return group === undefined
      ? possible('the service ended the registration as disabled')
      : certain(`the enrollment group ${group.enrollmentId} is disabled`);
  },
};
