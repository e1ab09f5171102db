import { certain, type FailureCause } from '../cause.ts';
import { isRefusedIdentity, shortDigest } from '../evidence.ts';

/** One of the two was renewed and the other was not. */
export const certificateNotEnrolled: FailureCause = {
  explain: '401002',
  scenario: 'failure/x509/certificate-rolled',
  fix: 'enrol the next certificate as secondary before the device gets it',
  find: (evidence) => {
    const { individual } = evidence.enrollment ?? {};
    const [leaf] = evidence.device?.chain?.certificates ?? [];
    if (!isRefusedIdentity(evidence) || leaf === undefined || individual?.kind !== 'x509') return undefined;
    if (individual.certificates.some(({ thumbprint }) => thumbprint === leaf.thumbprint)) return undefined;
    const enrolled = individual.certificates.map(({ thumbprint }) => shortDigest(thumbprint)).join(' and ');
    return certain(
      `another certificate is enrolled for ${individual.enrollmentId}: enrolled ${enrolled}, presented ${shortDigest(leaf.thumbprint)}`,
    );
  },
};
