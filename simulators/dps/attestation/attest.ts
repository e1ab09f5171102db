import type { Clock } from '../../kernel/clock.ts';
import type { DeviceRegistration } from '../../wire/device-api.ts';
import type { EnrollmentStore } from '../enrollment-store.ts';
import { refusals } from '../refusal.ts';
import type { DeviceRequest } from '../registration-service.ts';
import { type Decision, refused } from './admission.ts';
import { readDeviceToken } from './sas.ts';
import { attestSymmetricKey } from './symmetric-key.ts';
import { attestTpm, challengeTpm, type IssuedKeys } from './tpm.ts';
import { attestX509 } from './x509.ts';

export interface AttestationContext {
  readonly enrollments: EnrollmentStore;
  readonly issuedKeys: IssuedKeys;
  readonly clock: Clock;
}

/** Decides by the proof at hand which attestation is due, and whether it holds. */
export async function attest(
  request: DeviceRequest & { readonly body: DeviceRegistration },
  context: AttestationContext,
): Promise<Decision> {
  const { proof, registrationId, body } = request;
  const individual = context.enrollments.individual(registrationId);
  switch (proof.kind) {
    case 'sas': {
      const read = readDeviceToken(proof.token, request, context.clock);
      if ('refusal' in read) return refused(read.refusal);
      return individual?.kind === 'tpm'
        ? attestTpm(request, read.token, individual, context)
        : attestSymmetricKey(registrationId, read.token, context.enrollments);
    }
    case 'certificate':
      return attestX509(registrationId, proof.chain, context);
    case 'none':
      return body.tpm === undefined
        ? refused(
            refusals.notAuthorizedHere(
              'no SAS token, no client certificate and no TPM keys came with the request',
            ),
          )
        : challengeTpm(request, body.tpm, individual, context);
  }
}
