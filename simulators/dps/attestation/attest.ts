import type { Clock } from '../../kernel/clock.ts';
import type { DeviceRegistration } from '../../wire/device-api.ts';
import { isDisabled } from '../enrollment-entry.ts';
import type { EnrollmentStore } from '../enrollment-store.ts';
import { refusals } from '../refusal.ts';
import type { DpsRules } from '../rules.ts';
import { type Decision, refused } from './admission.ts';
import type { IssuedKeys } from './issued-keys.ts';
import { readDeviceToken } from './sas.ts';
import { createSymmetricKeyAttestation } from './symmetric-key.ts';
import { attestTpm, challengeTpm } from './tpm.ts';
import { type ClientChain, createX509Attestation } from './x509.ts';

export interface AttestationContext {
  readonly enrollments: EnrollmentStore;
  readonly issuedKeys: IssuedKeys;
  readonly clock: Clock;
  readonly rules: DpsRules;
}

/** Who a request says it is from. */
export interface DeviceIdentity {
  readonly idScope: string;
  readonly registrationId: string;
}

/** The proof that came with a request, as the front end found it. */
export type PresentedProof =
  | { readonly kind: 'none' }
  | { readonly kind: 'sas'; readonly token: string }
  /** The same array for every request of one connection: what is verified is remembered for it. */
  | { readonly kind: 'certificate'; readonly chain: ClientChain };

export type Attest = (
  device: DeviceIdentity,
  proof: PresentedProof,
  tpm: DeviceRegistration['tpm'],
  /** Of the operation that is asked about, in milliseconds since 1970. */
  operationBeganMs?: number,
) => Decision;

/** Makes the function that decides by the proof at hand which attestation is due, and whether it holds. */
export function createAttestation(context: AttestationContext): Attest {
  const attestSymmetricKey = createSymmetricKeyAttestation(context);
  const attestX509 = createX509Attestation(context);
  return (device, proof, tpm, operationBeganMs) => {
    const { registrationId } = device;
    switch (proof.kind) {
      case 'sas': {
        const read = readDeviceToken(proof.token, device, context, operationBeganMs);
        if ('refusal' in read) return refused(read.refusal);
        const individual = context.enrollments.individual(registrationId);
        if (individual?.kind !== 'tpm') return attestSymmetricKey(registrationId, read.token, individual);
        const byTpm = attestTpm(device, read.token, individual, context);
        // A disabled entry blocks also a device of a group, which is to learn that it is disabled.
        return byTpm.kind === 'refused' && isDisabled(individual)
          ? attestSymmetricKey(registrationId, read.token, individual)
          : byTpm;
      }
      case 'certificate':
        return attestX509(registrationId, proof.chain);
      case 'none': {
        const nothing = 'no SAS token, no client certificate and no TPM keys came with the request';
        return tpm === undefined
          ? refused(refusals.notAuthorizedHere(nothing))
          : challengeTpm(device, tpm, context.enrollments.individual(registrationId), context);
      }
    }
  };
}
