import { certain, type FailureCause } from '../cause.ts';

/** There is no hub to go to. */
export const hubNotLinked: FailureCause = {
  explain: '401001',
  scenario: null,
  fix: 'link the hub, or take it out of the enrollment',
  find: ({ enrollment, result }) => {
    const [hub] = enrollment?.individual?.unlinkedHubs ?? [];
    if (result.kind !== 'ended' || result.status !== 'failed' || hub === undefined) return undefined;
    return certain(`the enrollment is bound to ${hub}, which is not linked to the service`);
  },
};
