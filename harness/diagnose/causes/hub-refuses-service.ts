import { type FailureCause, likely } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** The instance has a key of the hub that is not valid any more. */
export const hubRefusesService: FailureCause = {
  explain: '401002',
  scenario: 'failure/service/hub-key-stale',
  fix: 'give the instance the new key of the linked hub',
  find: (evidence) => {
    const { result } = evidence;
    if (
      result.kind !== 'ended' ||
      result.status !== 'failed' ||
      !isCode(evidence, 'DPS_401002', 'DPS_401000')
    )
      return undefined;
    return likely(`the service let the device in, and failed at the hub afterwards: ${result.message}`);
  },
};
