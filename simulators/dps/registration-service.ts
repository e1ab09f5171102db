import { hash, randomUUID } from 'node:crypto';
import { toError } from '../kernel/errors.ts';
import { freshHex } from '../kernel/fresh-hex.ts';
import type {
  DeviceRegistration,
  DeviceRegistrationResult,
  RegistrationOperationStatus,
} from '../wire/device-api.ts';
import type { Decision } from './attestation/admission.ts';
import {
  type AttestationContext,
  createAttestation,
  type DeviceIdentity,
  type PresentedProof,
} from './attestation/attest.ts';
import { type DefectName, withDefect } from './defects.ts';
import type { FaultInjector } from './fault-injector.ts';
import { type Outcome, type OutcomeParts, outcomeOf } from './operation-outcome.ts';
import type { Quotas } from './quotas.ts';
import { type Refusal, refusals } from './refusal.ts';
import { isAllowedId } from './registration-id.ts';
import type { Operation, RegistrationRegistry } from './registration-registry.ts';
import type { DpsRules } from './rules.ts';

export type DeviceRequest = DeviceIdentity & {
  readonly proof: PresentedProof;
  /** As the client sent it: clients of old do not expect to be moved. */
  readonly apiVersion?: string;
};

interface Refused {
  readonly kind: 'refused';
  readonly refusal: Refusal;
}

/** TPM attestation, first step: base64 of the activation blob. */
interface Challenge {
  readonly kind: 'challenge';
  readonly authenticationKey: string;
}

/** What the service answers; a front end maps it to its protocol. */
export type RegisterAnswer =
  | { readonly kind: 'accepted'; readonly operation: RegistrationOperationStatus }
  | Challenge
  | Refused;

export type StatusAnswer =
  | { readonly kind: 'running' | 'finished'; readonly operation: RegistrationOperationStatus }
  | Refused;

export type LookupAnswer =
  | { readonly kind: 'found'; readonly result: DeviceRegistrationResult }
  | Challenge
  | Refused;

/** Whether a proof alone holds, before anything is asked for. */
export type AuthenticateAnswer = { readonly kind: 'authenticated' } | Challenge | Refused;

/** The registration core: decides who is let in and what becomes of it. It knows no protocol. */
export interface RegistrationService {
  /** For protocols that authenticate a connection first; each request on it is judged again. */
  authenticate(request: DeviceRequest, body: DeviceRegistration): AuthenticateAnswer;
  register(request: DeviceRequest, body: DeviceRegistration): RegisterAnswer;
  queryOperation(request: DeviceRequest, operationId: string): StatusAnswer;
  lookUp(request: DeviceRequest, body: DeviceRegistration): LookupAnswer;
}

export interface RegistrationServiceParts extends AttestationContext, OutcomeParts {
  readonly idScope: string;
  readonly assigningDurationMs: (registrationId: string) => number;
  /** What a registration is to end as, whatever would have become of it. */
  readonly orderedOutcome?: FaultInjector['outcomeOf'];
  readonly registry: RegistrationRegistry;
  readonly quotas: Quotas;
  readonly rules: DpsRules;
  /** A rule that is broken on purpose. */
  readonly defect?: DefectName | undefined;
}

export function createRegistrationService(parts: RegistrationServiceParts): RegistrationService {
  const { idScope, assigningDurationMs, registry, quotas, clock, rules } = parts;
  const honest = createAttestation(parts);
  const attest = parts.defect === undefined ? honest : withDefect(honest, parts.defect);

  const admit = (
    request: DeviceRequest,
    tpm: DeviceRegistration['tpm'],
    operationBeganMs?: number,
  ): Decision => {
    if (request.idScope.toLowerCase() !== idScope.toLowerCase()) {
      const code = rules['wrong-scope'] === '404000' ? refusals.unknownScope : refusals.notAuthorizedHere;
      return refuse(code(`idScope ${request.idScope} is not ${idScope}`));
    }
    if (!isAllowedId(request.registrationId, rules['registration-id'])) {
      return refuse(malformedId(rules)('the registrationId has characters or a length that DPS refuses'));
    }
    return attest(request, request.proof, tpm, operationBeganMs);
  };
  const stateOf = ({ result, finishesAtMs }: Operation): DeviceRegistrationResult =>
    clock.nowMs() < finishesAtMs ? { registrationId: result.registrationId, status: 'assigning' } : result;

  const isRunning = (registrationId: string): boolean =>
    clock.nowMs() < (registry.newestOperation(registrationId)?.finishesAtMs ?? 0);

  return {
    authenticate: (request, body) => {
      const decision = admit(request, body.tpm);
      return decision.kind === 'admitted' ? { kind: 'authenticated' } : decision;
    },
    register: (request, body) => {
      const { registrationId } = request;
      const throttled = quotas.refuseRegistration();
      if (throttled !== undefined) return refuse(throttled);
      const decision = admit(request, body.tpm);
      if (decision.kind !== 'admitted') return decision;
      if (rules['concurrent-registration'] === '409203' && isRunning(registrationId)) {
        return refuse(refusals.registrationConflict(`${registrationId} has an operation that is assigning`));
      }
      const operationId = makeOperationId();
      const before = registry.assignment(registrationId);
      const { apiVersion } = request;
      const { payload } = body;
      const ordered = parts.orderedOutcome?.(registrationId);
      const attempt = { registrationId, admission: decision, before, apiVersion, payload };
      const outcome = ordered?.outcome ?? outcomeOf(attempt, parts);
      const finishesAtMs = clock.nowMs() + (ordered?.assigningMs ?? assigningDurationMs(registrationId));
      const isPending = outcome instanceof Promise;
      registry.begin(registrationId, decision.enrollmentId, {
        operationId,
        finishesAtMs,
        outcome: isPending ? undefined : outcome,
        certificateThumbprint: thumbprintOf(request.proof),
      });
      if (isPending) {
        void outcome.catch(internalFailure).then((decided) => {
          registry.settle(registrationId, { operationId, finishesAtMs, outcome: decided });
        });
      }
      const state = { registrationId, status: 'assigning' as const };
      const registrationState = rules['first-answer'] === 'with-state' ? { registrationState: state } : {};
      return { kind: 'accepted', operation: { operationId, status: 'assigning', ...registrationState } };
    },
    queryOperation: (request, operationId) => {
      const throttled = quotas.refusePoll(request.registrationId);
      if (throttled !== undefined) return refuse(throttled);
      const operation = registry.operation(request.registrationId, operationId);
      const decision = admit(request, undefined, operation?.beganAtMs);
      if (decision.kind === 'refused') return decision;
      if (decision.kind === 'challenge') {
        return refuse(refusals.notAuthorizedHere('a status query needs the proof of its registration'));
      }
      if (operation === undefined) {
        const isNamed = rules['unknown-operation'] === '404203';
        const refusal = isNamed ? refusals.asyncOperationNotFound : refusals.operationNotFound;
        return refuse(refusal(`${request.registrationId} has no operation ${operationId}`));
      }
      const registrationState = stateOf(operation);
      const { status } = registrationState;
      const kind = status === 'assigning' ? 'running' : 'finished';
      return { kind, operation: { operationId, status, registrationState } };
    },
    lookUp: (request, body) => {
      const decision = admit(request, body.tpm);
      if (decision.kind !== 'admitted') return decision;
      const operation = registry.newestOperation(request.registrationId);
      return operation === undefined
        ? refuse(refusals.registrationNotFound(`${request.registrationId} never registered`))
        : { kind: 'found', result: stateOf(operation) };
    },
  };
}

/** Nobody waits for what a webhook decides: a bug there must not end the emulator. */
const internalFailure = (thrown: unknown): Outcome => ({
  status: 'failed',
  errorCode: 500001,
  errorMessage: toError(thrown).message,
});

/** SHA-256 of the leaf that the client proved to hold the key of, in its TLS handshake. */
function thumbprintOf(proof: PresentedProof): string | undefined {
  const leaf = proof.kind === 'certificate' ? proof.chain[0] : undefined;
  return leaf === undefined ? undefined : hash('sha256', leaf, 'hex').toUpperCase();
}

/** The refusal of an id under the rule for its number. */
const malformedId = ({ 'malformed-id': code }: DpsRules) =>
  refusals.malformedId(code === '400202' ? 400202 : 400004);

const refuse = (refusal: Refusal): Refused => ({ kind: 'refused', refusal });

/** The service's own form, `4.<16 hex>.<uuid>`: URL-safe, as most clients put it into a path as it is. */
const makeOperationId = (): string => `4.${freshHex()}.${randomUUID()}`;
