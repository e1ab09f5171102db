import { fromBase64, toBase64 } from '../../kernel/bytes.ts';
import type { Clock } from '../../kernel/clock.ts';
import { toError } from '../../kernel/errors.ts';
import type { AmqpApplication, OpenAmqpApplication } from '../../server/amqp-connection.ts';
import type { AmqpError, AmqpMessage, AmqpOutcome } from '../../server/amqp-message.ts';
import { plainMechanism } from '../../server/amqp-sasl.ts';
import {
  API_VERSION,
  deviceAddress,
  OPERATION_ID,
  OPERATION_REGISTER,
  OPERATION_STATUS,
  OPERATION_TYPE,
  TPM_MECHANISM,
} from '../../wire/amqp.ts';
import type { DeviceIdentity, PresentedProof } from '../attestation/attest.ts';
import { type Refusal, refusals } from '../refusal.ts';
import { idKey } from '../registration-id.ts';
import type { AuthenticateAnswer, DeviceRequest, RegistrationService } from '../registration-service.ts';
import { amqpErrorOf, retryAfterProperties } from './amqp-answer.ts';
import { createTpmExchange } from './amqp-tpm-sasl.ts';
import {
  answerRegister,
  answerStatus,
  logRequest,
  type MessagingParts,
  type OperationAnswer,
  statusOf,
} from './messaging.ts';

/** The DPS device API over AMQP 1.0: mechanisms, link addresses, properties and errors; every decision is the core's. */
export const createAmqpFrontEnd =
  (parts: MessagingParts): OpenAmqpApplication =>
  (chain) =>
    createSession(parts, chain);

/** What is known of one connection: a SASL layer names the device and its proof, without one the certificate stands. */
function createSession(parts: MessagingParts, chain: readonly Uint8Array[]): AmqpApplication {
  const { service } = parts;
  let device: DeviceIdentity | undefined;
  let proof: PresentedProof = chain.length === 0 ? { kind: 'none' } : { kind: 'certificate', chain };
  let apiVersion: string | undefined;

  const noteSasl = (claimed: DeviceIdentity, decision: AuthenticateAnswer): void => {
    note(parts, 'sasl', claimed, { refusal: decision.kind === 'refused' ? decision.refusal : undefined });
  };
  const authenticate = (claimed: DeviceIdentity, token: string): boolean => {
    const decision = service.authenticate({ ...claimed, proof: { kind: 'sas', token } }, {});
    noteSasl(claimed, decision);
    if (decision.kind !== 'authenticated') return false;
    device = claimed;
    proof = { kind: 'sas', token };
    return true;
  };

  return {
    mechanisms: {
      PLAIN: plainMechanism((userName, password) => {
        const claimed = parseAddress(userName);
        return claimed !== undefined && authenticate(claimed, password);
      }),
      [TPM_MECHANISM]: () =>
        createTpmExchange({
          challenge: (claimed, { endorsementKey, storageRootKey }) => {
            const tpm = {
              endorsementKey: toBase64(endorsementKey),
              storageRootKey: toBase64(storageRootKey),
            };
            const decision = service.authenticate({ ...claimed, proof: { kind: 'none' } }, { tpm });
            noteSasl(claimed, decision);
            return decision.kind === 'challenge' ? fromBase64(decision.authenticationKey) : undefined;
          },
          admits: authenticate,
        }),
    },
    refuseLink: (address, properties) => {
      const named = parseAddress(address);
      if (named === undefined) {
        return { condition: 'amqp:not-found', description: 'the address is no {idScope}/registrations/{id}' };
      }
      if (device !== undefined && !isSame(device, named)) {
        return { condition: 'amqp:unauthorized-access', description: 'the address is of another device' };
      }
      const version = properties[API_VERSION];
      apiVersion = typeof version === 'string' ? version : apiVersion;
      return undefined;
    },
    receive: (message, address) => {
      const named = parseAddress(address) ?? { idScope: '', registrationId: '' };
      const request = { ...named, proof, ...(apiVersion === undefined ? {} : { apiVersion }) };
      return answer(request, message, parts);
    },
    onProblem: (reason) => {
      note(parts, 'connection', device, { refusal: refusals.malformedBody(reason) });
    },
  };
}

function answer(request: DeviceRequest, message: AmqpMessage, parts: MessagingParts): AmqpOutcome {
  const beganMs = parts.clock.monotonicMs();
  const operation = String(message.applicationProperties[OPERATION_TYPE]);
  let result: OperationAnswer;
  try {
    result = decide(operation, request, message, parts.service);
  } catch (thrown) {
    result = { refusal: refusals.internal(toError(thrown).message) };
  }
  const refusal = 'refusal' in result ? result.refusal : undefined;
  const requestId = note(parts, operation, request, { refusal, status: statusOf(result), beganMs });
  if ('refusal' in result) {
    return { kind: 'rejected', error: rejection(result.refusal, requestId, parts.clock) };
  }
  const body = Buffer.from(JSON.stringify(result.operation));
  if (!result.running) return { kind: 'accepted', reply: { body } };
  return {
    kind: 'accepted',
    reply: { body, applicationProperties: retryAfterProperties(parts.retryAfterSeconds) },
  };
}

function decide(
  operation: string,
  request: DeviceRequest,
  { applicationProperties, body }: AmqpMessage,
  service: RegistrationService,
): OperationAnswer {
  if (operation === OPERATION_STATUS) {
    const operationId = applicationProperties[OPERATION_ID];
    return typeof operationId === 'string'
      ? answerStatus(request, operationId, service)
      : { refusal: refusals.invalidArgument(`${OPERATION_ID} is missing`) };
  }
  if (operation !== OPERATION_REGISTER) {
    return { refusal: refusals.invalidArgument(`${OPERATION_TYPE} is ${operation.slice(0, 100)}`) };
  }
  return answerRegister(request, body, service, 'over AMQP a TPM proves itself by the SASL mechanism TPM');
}

/** @returns the id of the request, which clients are told when it is refused */
function note(
  parts: MessagingParts,
  what: string,
  device: DeviceIdentity | undefined,
  came: { readonly refusal: Refusal | undefined; readonly status?: number; readonly beganMs?: number },
): string {
  const { refusal, status = 200, beganMs } = came;
  const path = device === undefined ? '' : deviceAddress(device.idScope, device.registrationId);
  const method = `AMQP ${what.slice(0, 100)}`;
  const operation = operations.get(what);
  return logRequest(
    parts,
    { method, path, device, operation, beganMs },
    { status: refusal?.status ?? status, refusal },
  );
}

const operations = new Map<string, 'register' | 'poll'>([
  [OPERATION_REGISTER, 'register'],
  [OPERATION_STATUS, 'poll'],
]);

const rejection = (refusal: Refusal, requestId: string, clock: Clock): AmqpError =>
  amqpErrorOf(refusal, requestId, clock.nowMs());

function parseAddress(address: string): DeviceIdentity | undefined {
  const [idScope, registrations, registrationId, ...rest] = address.split('/');
  if (!idScope || registrations !== 'registrations' || !registrationId || rest.length > 0) return undefined;
  return { idScope, registrationId };
}

const isSame = (a: DeviceIdentity, b: DeviceIdentity): boolean =>
  a.idScope.toLowerCase() === b.idScope.toLowerCase() && idKey(a.registrationId) === idKey(b.registrationId);
