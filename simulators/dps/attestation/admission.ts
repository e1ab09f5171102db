import type { DeviceRegistrationResult } from '../../wire/device-api.ts';
import type { Enrollment } from '../../wire/enrollment.ts';
import type { Refusal } from '../refusal.ts';

/** Proof accepted: who was let in by which enrollment, and what the answer must carry because of the attestation. */
export interface Admission {
  readonly kind: 'admitted';
  readonly enrollment: Enrollment;
  readonly enrollmentId: string;
  /** The attestation's own member of registrationState; the TPM's is made anew for each assignment. */
  readonly stateMember: () => Pick<DeviceRegistrationResult, 'tpm' | 'x509' | 'symmetricKey'>;
}

export type Decision =
  | Admission
  | { readonly kind: 'challenge'; readonly authenticationKey: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export type Refused = Extract<Decision, { kind: 'refused' }>;

export const refused = (refusal: Refusal): Refused => ({ kind: 'refused', refusal });

export const admitted = (
  { enrollment, enrollmentId }: { readonly enrollment: Enrollment; readonly enrollmentId: string },
  stateMember: Admission['stateMember'] = () => ({}),
): Admission => ({ kind: 'admitted', enrollment, enrollmentId, stateMember });
