import type { AmqpError } from '../../server/amqp-message.ts';
import { RETRY_AFTER } from '../../wire/amqp.ts';
import type { Refusal } from '../refusal.ts';
import { errorBody } from './http-answer.ts';

/**
 * What clients know errors by: the Node SDK by the condition, the C# SDK by the JSON in the description.
 *
 * @see the official Node SDK's table of conditions
 */
const conditions: Readonly<Record<number, string>> = {
  400: 'com.microsoft:argument-error',
  401: 'amqp:unauthorized-access',
  404: 'amqp:not-found',
  409: 'com.microsoft:device-already-exists',
  412: 'com.microsoft:precondition-failed',
  413: 'amqp:link:message-size-exceeded',
  429: 'com.microsoft:device-container-throttled',
};

/** A refusal as the error of a rejected delivery; its description is the body that HTTPS would carry. */
export function amqpErrorOf(refusal: Refusal, requestId: string, nowMs: number): AmqpError {
  const { retryAfterSeconds } = refusal;
  return {
    condition: conditions[refusal.status] ?? 'amqp:internal-error',
    description: JSON.stringify(errorBody(refusal, requestId, nowMs)),
    ...(retryAfterSeconds === undefined ? {} : { info: retryAfterProperties(retryAfterSeconds) }),
  };
}

/** In the spelling of the Node, C and Java SDKs, and in that of the C# SDK. */
export const retryAfterProperties = (seconds: number): Readonly<Record<string, number>> => ({
  [RETRY_AFTER]: seconds,
  'Retry-After': seconds,
});
