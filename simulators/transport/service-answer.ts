import { CodecError, DpsServiceError } from '../kernel/errors.ts';
import { registrationStatuses } from '../wire/constants.ts';
import type { RegistrationOperationStatus } from '../wire/device-api.ts';

/** A JSON object as it came, nothing known about its fields. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** @returns the object, or `undefined` when the text is not JSON or holds something else */
export function parseJsonObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as JsonObject)
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Checks what a device relies on: `operationId`, `status`, and in the end where it was assigned to.
 *
 * @throws CodecError naming the field
 */
export function parseOperationStatus(answer: JsonObject): RegistrationOperationStatus {
  const { operationId, status, registrationState } = answer;
  if (typeof operationId !== 'string' || operationId === '') throw missing('operationId', 'a text');
  if (!registrationStatuses.some((known) => known === status)) {
    throw missing('status', registrationStatuses.join(', '));
  }
  if (registrationState !== undefined && !isObject(registrationState)) {
    throw missing('registrationState', 'an object');
  }
  if (status === 'assigned') {
    for (const field of ['assignedHub', 'deviceId']) {
      if (typeof registrationState?.[field] !== 'string')
        throw missing(`registrationState.${field}`, 'a text');
    }
  }
  return answer as unknown as RegistrationOperationStatus;
}

/**
 * The error that a refusal stands for; every field of its body may be missing.
 *
 * @param status HTTP status, or the equivalent of another protocol
 */
export function serviceError(
  status: number,
  body: JsonObject | undefined,
  retryAfterSeconds: number | undefined,
): DpsServiceError {
  const { errorCode, message, trackingId } = body ?? {};
  return new DpsServiceError({
    status,
    errorCode: typeof errorCode === 'number' ? errorCode : undefined,
    message: typeof message === 'string' ? message : `refused with status ${status}`,
    trackingId: typeof trackingId === 'string' ? trackingId : undefined,
    retryAfterSeconds,
  });
}

/**
 * Retry-After as whole seconds or an HTTP date.
 *
 * @returns `undefined` when absent or malformed; never negative
 * @see RFC 9110 §10.2.3
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const atMs = Date.parse(value);
  return Number.isNaN(atMs) ? undefined : Math.max(0, Math.ceil((atMs - nowMs) / 1000));
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const missing = (field: string, expected: string): CodecError =>
  new CodecError(`answer has no valid ${field}`, 0, expected);
