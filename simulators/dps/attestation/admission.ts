import type { HubAuthentication } from '../../hub/hub-identity.ts';
import { toBase64 } from '../../kernel/bytes.ts';
import type { DeviceRegistrationResult } from '../../wire/device-api.ts';
import type { Enrollment } from '../../wire/enrollment.ts';
import type { Refusal } from '../refusal.ts';

/** Proof accepted: who was let in by which enrollment, and what the answer must carry because of the attestation. */
export interface Admission {
  readonly kind: 'admitted';
  readonly enrollment: Enrollment;
  readonly enrollmentId: string;
  /** What an assignment brings; the TPM's is made anew for each. */
  readonly assign: () => AttestedAssignment;
}

/** What an assignment owes to the attestation. */
export interface AttestedAssignment {
  /** The attestation's own member of registrationState. */
  readonly state: Pick<DeviceRegistrationResult, 'tpm' | 'x509' | 'symmetricKey'>;
  /** How the device will prove itself at its hub. */
  readonly authentication: HubAuthentication;
}

export type Decision =
  | Admission
  | { readonly kind: 'challenge'; readonly authenticationKey: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export type Refused = Extract<Decision, { kind: 'refused' }>;

export const refused = (refusal: Refusal): Refused => ({ kind: 'refused', refusal });

export const admitted = (
  { enrollment, enrollmentId }: { readonly enrollment: Enrollment; readonly enrollmentId: string },
  assign: Admission['assign'],
): Admission => ({ kind: 'admitted', enrollment, enrollmentId, assign });

/** A hub takes the primary and the secondary key that DPS took; where only one was enrolled, it stands for both. */
export function sasAuthentication(keys: readonly Uint8Array[]): HubAuthentication {
  const [primary = new Uint8Array(), secondary = primary] = keys;
  return { type: 'sas', primaryKey: toBase64(primary), secondaryKey: toBase64(secondary) };
}
