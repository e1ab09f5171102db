import { certain, type FailureCause } from '../cause.ts';
import { isRefusedIdentity } from '../evidence.ts';

/** A CA stands where the device belongs. */
export const rootEnrolled: FailureCause = {
  explain: '401002',
  scenario: 'failure/x509/root-enrolled-individually',
  fix: 'an individual enrollment takes the certificate of the device; the root belongs into a group',
  find: (evidence) => {
    const { individual } = evidence.enrollment ?? {};
    const [leaf] = evidence.device?.chain?.certificates ?? [];
    if (!isRefusedIdentity(evidence) || leaf === undefined || individual?.kind !== 'x509') return undefined;
    if (individual.certificates.some(({ thumbprint }) => thumbprint === leaf.thumbprint)) return undefined;
    const authority = individual.certificates.find(({ isCa }) => isCa);
    return (
      authority &&
      certain(
        `the individual enrollment has the certificate of a CA, ${authority.subject}, not that of the device`,
      )
    );
  },
};
