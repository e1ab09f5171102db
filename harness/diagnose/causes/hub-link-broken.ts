import { type FailureCause, likely } from '../cause.ts';
import { isCode } from '../evidence.ts';

/** The instance sends devices to a hub that is not there. */
export const hubLinkBroken: FailureCause = {
  explain: '401001',
  scenario: 'failure/service/hub-link-missing',
  fix: 'link the hub again, under the name that it has now',
  find: (evidence) => {
    const { result } = evidence;
    if (result.kind !== 'ended' || result.status !== 'failed' || !isCode(evidence, 'DPS_401001'))
      return undefined;
    return likely(`the service let the device in, and did not find its hub: ${result.message}`);
  },
};
