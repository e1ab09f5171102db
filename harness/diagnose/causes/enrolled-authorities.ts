import type { EnrolledCertificateEvidence } from '../../../simulators/index.ts';
import type { Evidence } from '../evidence.ts';

/** CAs of all groups; undefined where that is not known. */
export const enrolledAuthorities = ({
  enrollment,
}: Evidence): readonly EnrolledCertificateEvidence[] | undefined =>
  enrollment?.groups.filter(({ kind }) => kind === 'x509').flatMap(({ certificates }) => certificates);

/** For a person; `none` when there is none. */
export const namesOf = (authorities: readonly EnrolledCertificateEvidence[]): string =>
  authorities.map(({ subject }) => subject).join(', ') || 'none';
