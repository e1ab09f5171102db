import { randomUUID } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { fromBase64, toBase64 } from '../../kernel/bytes.ts';
import type { Clock } from '../../kernel/clock.ts';
import { toError } from '../../kernel/errors.ts';
import { type AmqpApplication, serveAmqp } from '../../server/amqp-connection.ts';
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
import type { RegistrationOperationStatus } from '../../wire/device-api.ts';
import type { DeviceIdentity, PresentedProof } from '../attestation/attest.ts';
import { type Refusal, refusals } from '../refusal.ts';
import { idKey } from '../registration-id.ts';
import type { AuthenticateAnswer, DeviceRequest, RegistrationService } from '../registration-service.ts';
import type { RequestLog } from '../request-log.ts';
import { serviceTime } from '../service-time.ts';
import { amqpErrorOf, retryAfterProperties } from './amqp-answer.ts';
import { createTpmExchange } from './amqp-tpm-sasl.ts';
import { BODY_LIMIT_BYTES, readDeviceRegistration } from './device-registration.ts';

export interface AmqpFrontEndParts {
  readonly service: RegistrationService;
  readonly log: RequestLog;
  readonly clock: Clock;
  readonly retryAfterSeconds: number;
}

/** Serves one connection, TLS or WebSocket. */
export type AmqpFrontEnd = (stream: Duplex, chain: readonly Uint8Array[]) => void;

/** The DPS device API over AMQP 1.0: mechanisms, link addresses, properties and errors; every decision is the core's. */
export const createAmqpFrontEnd =
  (parts: AmqpFrontEndParts): AmqpFrontEnd =>
  (stream, chain) =>
    serveAmqp(stream, createSession(parts, chain));

/** What is known of one connection: a SASL layer names the device and its proof, without one the certificate stands. */
function createSession(parts: AmqpFrontEndParts, chain: readonly Uint8Array[]): AmqpApplication {
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

function answer(request: DeviceRequest, message: AmqpMessage, parts: AmqpFrontEndParts): AmqpOutcome {
  const beganMs = parts.clock.monotonicMs();
  const operation = String(message.applicationProperties[OPERATION_TYPE]);
  let result: Answer;
  try {
    result = decide(operation, request, message, parts.service);
  } catch (thrown) {
    result = { refusal: refusals.internal(toError(thrown).message) };
  }
  const refusal = 'refusal' in result ? result.refusal : undefined;
  const status = 'running' in result && result.running ? 202 : 200;
  const requestId = note(parts, operation, request, { refusal, status, beganMs });
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

type Answer =
  | { readonly operation: RegistrationOperationStatus; readonly running: boolean }
  | { readonly refusal: Refusal };

function decide(
  operation: string,
  request: DeviceRequest,
  { applicationProperties, body }: AmqpMessage,
  service: RegistrationService,
): Answer {
  if (operation === OPERATION_STATUS) {
    const operationId = applicationProperties[OPERATION_ID];
    if (typeof operationId !== 'string') {
      return { refusal: refusals.invalidArgument(`${OPERATION_ID} is missing`) };
    }
    const status = service.queryOperation(request, operationId);
    if (status.kind === 'refused') return status;
    return { operation: status.operation, running: status.kind === 'running' };
  }
  if (operation !== OPERATION_REGISTER) {
    return { refusal: refusals.invalidArgument(`${OPERATION_TYPE} is ${operation.slice(0, 100)}`) };
  }
  if (body.length > BODY_LIMIT_BYTES) {
    return { refusal: refusals.bodyTooLarge(`more than ${BODY_LIMIT_BYTES} bytes`) };
  }
  // The C# SDK sends nothing where it has no payload.
  const read = readDeviceRegistration(body.length === 0 ? Buffer.from('{}') : body, request.registrationId);
  if ('refusal' in read) return read;
  const registered = service.register(request, read.registration);
  switch (registered.kind) {
    case 'refused':
      return registered;
    case 'challenge':
      return {
        refusal: refusals.notAuthorizedHere('over AMQP a TPM proves itself by the SASL mechanism TPM'),
      };
    case 'accepted':
      return { operation: registered.operation, running: true };
  }
}

/** @returns the id of the request, which clients are told when it is refused */
function note(
  { log, clock }: AmqpFrontEndParts,
  what: string,
  device: DeviceIdentity | undefined,
  came: { readonly refusal: Refusal | undefined; readonly status?: number; readonly beganMs?: number },
): string {
  const requestId = randomUUID();
  const { refusal, status = 200, beganMs } = came;
  log.add({
    at: serviceTime(clock.nowMs()),
    requestId,
    method: `AMQP ${what.slice(0, 100)}`,
    path: device === undefined ? '' : deviceAddress(device.idScope, device.registrationId),
    registrationId: device?.registrationId,
    status: refusal?.status ?? status,
    errorCode: refusal?.errorCode,
    reason: refusal?.reason,
    durationMs: beganMs === undefined ? 0 : clock.monotonicMs() - beganMs,
  });
  return requestId;
}

const rejection = (refusal: Refusal, requestId: string, clock: Clock): AmqpError =>
  amqpErrorOf(refusal, requestId, clock.nowMs());

function parseAddress(address: string): DeviceIdentity | undefined {
  const [idScope, registrations, registrationId, ...rest] = address.split('/');
  if (!idScope || registrations !== 'registrations' || !registrationId || rest.length > 0) return undefined;
  return { idScope, registrationId };
}

const isSame = (a: DeviceIdentity, b: DeviceIdentity): boolean =>
  a.idScope.toLowerCase() === b.idScope.toLowerCase() && idKey(a.registrationId) === idKey(b.registrationId);
