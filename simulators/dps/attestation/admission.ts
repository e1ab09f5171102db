import type { Enrollment } from '../../wire/enrollment.ts';
import type { Refusal } from '../refusal.ts';

/** Proof accepted: who was let in by which enrollment, and what the answer must carry because of the attestation. */
export interface Admission {
  readonly kind: 'admitted';
  readonly enrollment: Enrollment;
  readonly enrollmentId: string;
  readonly deviceId: string;
  /** The attestation's own member of registrationState; the TPM's is made anew for each assignment. */
  readonly stateMember: () => Readonly<Record<string, unknown>>;
}

export type Decision =
  | Admission
  | { readonly kind: 'challenge'; readonly authenticationKey: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export const refused = (refusal: Refusal): Decision => ({ kind: 'refused', refusal });
