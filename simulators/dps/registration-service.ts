import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from '../kernel/clock.ts';
import type {
  DeviceRegistration,
  DeviceRegistrationResult,
  RegistrationOperationStatus,
} from '../wire/device-api.ts';
import { allocateHub } from './allocation.ts';
import type { Admission } from './attestation/admission.ts';
import { attest } from './attestation/attest.ts';
import type { IssuedKeys } from './attestation/tpm.ts';
import type { EnrollmentStore } from './enrollment-store.ts';
import { type Refusal, refusals } from './refusal.ts';
import type { RegistrationRegistry } from './registration-registry.ts';

/** The proof that came with a request, as the front end found it. */
export type PresentedProof =
  | { readonly kind: 'none' }
  | { readonly kind: 'sas'; readonly token: string }
  /** DER, leaf first, as sent in the TLS handshake (which proved possession of the leaf's key). */
  | { readonly kind: 'certificate'; readonly chain: readonly Uint8Array[] };

export interface DeviceRequest {
  readonly idScope: string;
  readonly registrationId: string;
  readonly proof: PresentedProof;
}

/** What the service answers; a front end maps it to its protocol. */
export type RegisterAnswer =
  | { readonly kind: 'accepted'; readonly operation: RegistrationOperationStatus }
  /** TPM attestation, first step: base64 of the activation blob. */
  | { readonly kind: 'challenge'; readonly authenticationKey: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export type StatusAnswer =
  | { readonly kind: 'running' | 'finished'; readonly operation: RegistrationOperationStatus }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export type LookupAnswer =
  | { readonly kind: 'found'; readonly result: DeviceRegistrationResult }
  | { readonly kind: 'challenge'; readonly authenticationKey: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export interface RegistrationServiceParts {
  readonly idScope: string;
  readonly hubs: readonly string[];
  readonly assigningDurationMs: number;
  readonly clock: Clock;
  readonly enrollments: EnrollmentStore;
  readonly registry: RegistrationRegistry;
  readonly issuedKeys: IssuedKeys;
}

/** The registration core: decides who is let in and what becomes of it. It knows no protocol. */
export class RegistrationService {
  readonly #parts: RegistrationServiceParts;

  constructor(parts: RegistrationServiceParts) {
    this.#parts = parts;
  }

  async register(request: DeviceRequest, body: DeviceRegistration): Promise<RegisterAnswer> {
    const decision = await this.#admit(request, body);
    if (decision.kind !== 'admitted') return decision;
    const operation = this.#start(request.registrationId, decision);
    return { kind: 'accepted', operation };
  }

  async queryOperation(request: DeviceRequest, operationId: string): Promise<StatusAnswer> {
    const decision = await this.#admit(request, {});
    if (decision.kind === 'challenge') {
      return { kind: 'refused', refusal: refusals.notAuthorizedHere('a status query without proof') };
    }
    if (decision.kind === 'refused') return decision;
    const operation = this.#parts.registry.operation(request.registrationId, operationId);
    if (operation === undefined) {
      return {
        kind: 'refused',
        refusal: refusals.operationNotFound(`no operation ${operationId} of ${request.registrationId}`),
      };
    }
    const { clock } = this.#parts;
    if (clock.nowMs() < operation.finishesAtMs) {
      const { registrationId } = operation.result;
      const registrationState: DeviceRegistrationResult = { registrationId, status: 'assigning' };
      return { kind: 'running', operation: { operationId, status: 'assigning', registrationState } };
    }
    const { result } = operation;
    return { kind: 'finished', operation: { operationId, status: result.status, registrationState: result } };
  }

  async lookUp(request: DeviceRequest, body: DeviceRegistration): Promise<LookupAnswer> {
    const decision = await this.#admit(request, body);
    if (decision.kind !== 'admitted') return decision;
    const result = this.#parts.registry.find(request.registrationId);
    return result === undefined
      ? {
          kind: 'refused',
          refusal: refusals.enrollmentNotFound(`${request.registrationId} never registered`),
        }
      : { kind: 'found', result };
  }

  async #admit(request: DeviceRequest, body: DeviceRegistration) {
    const { idScope, enrollments, issuedKeys, clock } = this.#parts;
    if (request.idScope.toLowerCase() !== idScope.toLowerCase()) {
      const refusal = refusals.notAuthorizedHere(`idScope ${request.idScope} is not ${idScope}`);
      return { kind: 'refused', refusal } as const;
    }
    return attest({ ...request, body }, { enrollments, issuedKeys, clock });
  }

  #start(registrationId: string, admission: Admission): RegistrationOperationStatus {
    const { registry, clock, hubs, assigningDurationMs } = this.#parts;
    const operationId = `4.${randomBytes(8).toString('hex')}.${randomUUID()}`;
    const finishesAtMs = clock.nowMs() + assigningDurationMs;
    if (admission.enrollment.provisioningStatus === 'disabled') {
      registry.disable(registrationId, admission, operationId, finishesAtMs);
    } else {
      registry.assign(registrationId, admission, {
        operationId,
        finishesAtMs,
        hub: allocateHub(registrationId, admission.enrollment, hubs),
      });
    }
    return { operationId, status: 'assigning' };
  }
}
