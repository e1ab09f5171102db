import { X509Certificate } from 'node:crypto';
import { fromBase64, toBase64 } from '../kernel/bytes.ts';
import { readAuthority } from '../pki/certificate-chain.ts';
import type { EnrollmentGroup, IndividualEnrollment } from '../wire/enrollment.ts';
import { groupEntry, type SymmetricKeyGroup, type X509Group } from './enrollment-entry.ts';

/** When an enrollment was stored, and as which version. */
export interface EnrollmentStamp {
  /** Changes with every update. */
  readonly etag: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** Grows from one enrollment to the next and stays with updates: pages go by it. */
  readonly sequence: number;
}

/** An individual enrollment as it is kept. */
export interface IndividualRecord {
  readonly enrollment: IndividualEnrollment;
  readonly stamp: EnrollmentStamp;
}

/** A group as it is kept. */
export interface GroupRecord {
  readonly enrollment: EnrollmentGroup;
  readonly stamp: EnrollmentStamp;
  /** base64 of DER: the CAs that it was stored with, whatever became of those that it refers to. */
  readonly authorities?: readonly string[];
}

export type StoredGroup = (SymmetricKeyGroup | X509Group) & { readonly stamp: EnrollmentStamp };

/** A group in the form in which it is kept. */
export function recordOfGroup(
  group: SymmetricKeyGroup | X509Group,
  enrollment: EnrollmentGroup,
  stamp: EnrollmentStamp,
): GroupRecord {
  if (group.kind === 'symmetric-key') return { enrollment, stamp };
  const authorities = group.authorities.map(({ certificate }) => toBase64(certificate.raw));
  return { enrollment, stamp, authorities };
}

/** A group as look-ups want it. */
export function groupOfRecord({ enrollment, stamp, authorities }: GroupRecord): StoredGroup {
  if (authorities === undefined) return { ...groupEntry(enrollment, () => undefined), stamp };
  const { enrollmentGroupId: enrollmentId } = enrollment;
  const read = authorities.map((der) => readAuthority(new X509Certificate(fromBase64(der))));
  return { enrollment, enrollmentId, kind: 'x509', authorities: read, stamp };
}
