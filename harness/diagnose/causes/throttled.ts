import { certain, type FailureCause } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** Too many at once. */
export const throttled: FailureCause = {
  explain: '429001',
  scenario: null,
  fix: 'wait as long as Retry-After says, and spread the devices',
  find: (evidence) =>
    isCode(evidence, 'DPS_429001', 'DPS_429002', 'DPS_429')
      ? certain('the service is asked more often than its quota allows, and the device gave up')
      : undefined,
};
