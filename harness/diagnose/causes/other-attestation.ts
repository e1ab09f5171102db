import { certain, type FailureCause } from '../cause.ts';
import { isRefusedIdentity } from '../evidence.ts';

/** Enrollment and device do not mean the same kind of proof. */
export const otherAttestation: FailureCause = {
  explain: '401002',
  scenario: null,
  fix: 'enrol the device by the attestation that it uses',
  find: (evidence) => {
    const { enrollment, planned } = evidence;
    const kind = enrollment?.individual?.kind;
    if (!isRefusedIdentity(evidence) || kind === undefined || kind === planned.attestation) return undefined;
    return certain(`the device proves itself by ${planned.attestation}, and is enrolled by ${kind}`);
  },
};
