import { certain, type FailureCause } from '../cause.ts';
import { isRefusedIdentity } from '../evidence.ts';

/** Nobody told the service of the device. */
export const enrollmentMissing: FailureCause = {
  explain: '404201',
  scenario: 'failure/service/unknown-tpm',
  fix: 'enrol the device under this registrationId',
  find: (evidence) => {
    const { enrollment, planned, registrationId } = evidence;
    if (!isRefusedIdentity(evidence) || enrollment === undefined) return undefined;
    if (enrollment.individual !== null || planned.enrollment !== 'individual') return undefined;
    const groups = enrollment.groups.filter(({ kind }) => kind === planned.attestation).length;
    const more = groups === 0 ? '' : `, and none of ${groups} groups for ${planned.attestation} admits it`;
    return certain(`there is no enrollment ${registrationId}${more}`);
  },
};
