import { type DpsServiceError, RigError, type TransportError, toError } from '../../kernel/errors.ts';
import type { DpsEndpoint } from '../../transport/provisioning-transport.ts';
import {
  type JsonObject,
  parseJsonObject,
  parseRetryAfter,
  serviceError,
} from '../../transport/service-answer.ts';
import { connectError } from '../../transport/tls-connection.ts';
import { registrationStatuses } from '../../wire/constants.ts';
import type { RegistrationOperationStatus } from '../../wire/device-api.ts';
import type { DeviceResult } from '../device-trace.ts';
import { resultOfOperation } from '../operation-result.ts';
import type { LastAnswer } from './azure-sdk-http.ts';

/** What was seen on the wire while the SDK worked. */
export interface Observation {
  readonly endpoint: DpsEndpoint;
  readonly connected: boolean;
  readonly lastAnswer: LastAnswer | undefined;
  readonly nowMs: number;
}

/**
 * What a failure of the official SDK means, in the words that the native client uses. The SDK translates refusals
 * into classes of its own and loses the service's codes on the way, so the wire has precedence.
 *
 * @throws DpsServiceError, TransportError, TpmResponseError; what the SDK threw when nothing of this is behind it
 */
export function resultOfSdkFailure(thrown: unknown, seen: Observation): DeviceResult {
  const known = rigErrorBehind(thrown);
  if (known !== undefined) throw known;
  const operation = finishedOperation(thrown);
  if (operation !== undefined) return resultOfOperation(operation);
  throw refusal(seen) ?? brokenConnection(thrown, seen) ?? thrown;
}

/** Our own errors pass through the SDK as they are, or as the cause of one of its. */
function rigErrorBehind(thrown: unknown): RigError | undefined {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    if (error instanceof RigError) return error;
  }
  return undefined;
}

/** `failed` and `disabled` (which the SDK does not know) are thrown, with the whole answer as `result`. */
function finishedOperation(thrown: unknown): RegistrationOperationStatus | undefined {
  const { result } = toError(thrown) as { result?: unknown };
  if (typeof result !== 'object' || result === null) return undefined;
  const { status } = result as JsonObject;
  return registrationStatuses.some((known) => known === status)
    ? (result as RegistrationOperationStatus)
    : undefined;
}

function refusal({ lastAnswer, nowMs }: Observation): DpsServiceError | undefined {
  if (lastAnswer === undefined || lastAnswer.status < 300) return undefined;
  const body = parseJsonObject(lastAnswer.body);
  const isChallenge = lastAnswer.status === 401 && typeof body?.['authenticationKey'] === 'string';
  if (isChallenge) return undefined; // answered well; what failed came after it
  return serviceError(lastAnswer.status, body, parseRetryAfter(lastAnswer.retryAfter, nowMs));
}

function brokenConnection(thrown: unknown, { endpoint, connected }: Observation): TransportError | undefined {
  const error: NodeJS.ErrnoException = toError(thrown);
  return typeof error.code === 'string'
    ? connectError(error, connected ? 'receive' : 'tls', endpoint)
    : undefined;
}
