import type { Message } from 'rhea';
import type { Clock } from '../kernel/clock.ts';
import { type DpsServiceError, TransportError } from '../kernel/errors.ts';
import { RETRY_AFTER } from '../wire/amqp.ts';
import type { RegistrationReply } from './provisioning-transport.ts';
import { parseJsonObject, parseOperationStatus, parseRetryAfter, serviceError } from './service-answer.ts';

/** HTTP statuses of the conditions that the service uses, for errors that carry no error code of their own. */
const statuses: Readonly<Record<string, number>> = {
  'amqp:unauthorized-access': 401,
  'amqp:not-found': 404,
  'amqp:not-allowed': 403,
  'amqp:resource-limit-exceeded': 403,
  'amqp:link:message-size-exceeded': 413,
  'com.microsoft:argument-error': 400,
  'com.microsoft:device-container-throttled': 429,
  'com.microsoft:timeout': 503,
  'amqp:internal-error': 500,
};

/**
 * The error that a rejected delivery, a detach, a close or a refused SASL exchange stands for.
 *
 * @param error condition, description (JSON as in the bodies of HTTPS, where the service gives it) and info
 */
export function amqpServiceError(error: unknown): DpsServiceError {
  const { condition, description, info } = asRecord(error);
  const text = typeof description === 'string' ? description : '';
  const body = parseJsonObject(text) ?? { message: text === '' ? `refused: ${String(condition)}` : text };
  const { errorCode } = body;
  const status =
    typeof errorCode === 'number' ? Math.floor(errorCode / 1000) : (statuses[String(condition)] ?? 400);
  return serviceError(status, body, secondsOf(asRecord(info)));
}

/** @throws TransportError, CodecError */
export function readAmqpReply(message: Message, clock: Clock): RegistrationReply {
  const { content } = asRecord(message.body);
  const answer = Buffer.isBuffer(content) ? parseJsonObject(content.toString('utf8')) : undefined;
  if (answer === undefined) {
    throw new TransportError(
      'receive',
      'RESPONSE_NOT_JSON',
      'the reply is not a data section with a JSON object',
    );
  }
  const retryAfterSeconds = secondsOf(asRecord(message.application_properties), clock.nowMs());
  return { operation: parseOperationStatus(answer), retryAfterSeconds };
}

/** An int, or text: both are seen. */
function secondsOf(properties: Readonly<Record<string, unknown>>, nowMs = 0): number | undefined {
  const value = properties[RETRY_AFTER];
  return typeof value === 'number' || typeof value === 'string'
    ? parseRetryAfter(String(value), nowMs)
    : undefined;
}

const asRecord = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
