import { certain, type FailureCause } from '../cause.ts';
import { codeOf } from '../evidence.ts';

/** Custom allocation has the last word. */
export const webhookFails: FailureCause = {
  explain: '400207',
  scenario: 'failure/service/webhook-refuses',
  fix: 'make the webhook answer with one of the linked hubs, also when a device comes again',
  find: (evidence) => {
    const { enrollment, result } = evidence;
    const webhook =
      enrollment?.individual?.webhook ?? enrollment?.groups.find(({ webhook }) => webhook)?.webhook;
    // 401xxx are of the hub.
    if (!codeOf(evidence).startsWith('DPS_4002')) return undefined;
    if (result.kind !== 'ended' || result.status !== 'failed' || typeof webhook !== 'string')
      return undefined;
    return certain(`the allocation webhook ${webhook} named no hub: ${result.message}`);
  },
};
