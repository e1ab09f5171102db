import { certain, type FailureCause } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** The first step fails. */
export const nameNotResolved: FailureCause = {
  explain: 'ENOTFOUND',
  scenario: null,
  fix: 'look at the resolver of the device, and at the name',
  find: (evidence) =>
    isCode(evidence, 'ENOTFOUND', 'EAI_AGAIN')
      ? certain('no DNS: the name of the service is not resolved')
      : undefined,
};
