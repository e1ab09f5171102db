import { randomUUID } from 'node:crypto';
import type { Clock } from '../../kernel/clock.ts';
import type { RegistrationOperationStatus } from '../../wire/device-api.ts';
import { serviceTime } from '../../wire/service-time.ts';
import type { DeviceIdentity } from '../attestation/attest.ts';
import type { LoggedRequest } from '../dps-control.ts';
import { type Refusal, refusals } from '../refusal.ts';
import type { DeviceRequest, RegistrationService } from '../registration-service.ts';
import type { RequestLog } from '../request-log.ts';
import { BODY_LIMIT_BYTES, readDeviceRegistration } from './device-registration.ts';

/** What MQTT and AMQP have in common: requests are messages on a connection that has proved who it is. */
export interface MessagingParts {
  readonly service: RegistrationService;
  readonly log: RequestLog;
  readonly clock: Clock;
  readonly retryAfterSeconds: number;
}

/** Before it is put into a message. */
export type OperationAnswer =
  | { readonly operation: RegistrationOperationStatus; readonly running: boolean }
  | { readonly refusal: Refusal };

/**
 * Registers by a message.
 *
 * @param noChallenge why nobody is challenged here, where the request brings TPM keys
 */
export function answerRegister(
  request: DeviceRequest,
  body: Buffer,
  service: RegistrationService,
  noChallenge: string,
): OperationAnswer {
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
      return { refusal: refusals.notAuthorizedHere(noChallenge) };
    case 'accepted':
      return { operation: registered.operation, running: true };
  }
}

/** Asks for a status by a message. */
export function answerStatus(
  request: DeviceRequest,
  operationId: string,
  service: RegistrationService,
): OperationAnswer {
  const status = service.queryOperation(request, operationId);
  if (status.kind === 'refused') return status;
  return { operation: status.operation, running: status.kind === 'running' };
}

/** 202 while there is something to wait for, as over HTTPS. */
export const statusOf = (answer: OperationAnswer): number =>
  'refusal' in answer ? answer.refusal.status : answer.running ? 202 : 200;

/**
 * Logs what was asked and what came of it.
 *
 * @returns the id of the request, which clients are told when it is refused
 */
export function logRequest(
  { log, clock, retryAfterSeconds }: Pick<MessagingParts, 'log' | 'clock' | 'retryAfterSeconds'>,
  asked: {
    readonly method: string;
    readonly path: string;
    readonly device: DeviceIdentity | undefined;
    /** Absent where nothing was asked for, as in a CONNECT. */
    readonly operation?: LoggedRequest['operation'];
    /** Of the monotonic clock; absent where nothing was worked on. */
    readonly beganMs?: number | undefined;
  },
  outcome: { readonly status: number; readonly refusal?: Refusal | undefined },
): string {
  const requestId = randomUUID();
  log.add({
    at: serviceTime(clock.nowMs()),
    requestId,
    method: asked.method,
    path: asked.path,
    registrationId: asked.device?.registrationId,
    operation: asked.operation,
    status: outcome.status,
    retryAfterSeconds: outcome.status === 202 ? retryAfterSeconds : outcome.refusal?.retryAfterSeconds,
    errorCode: outcome.refusal?.errorCode,
    reason: outcome.refusal?.reason,
    durationMs: asked.beganMs === undefined ? 0 : clock.monotonicMs() - asked.beganMs,
  });
  return requestId;
}
