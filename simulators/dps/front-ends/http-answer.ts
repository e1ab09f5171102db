import type { ServerResponse } from 'node:http';
import { REGISTRATION_KEY_NAME } from '../../wire/constants.ts';
import type {
  RegistrationOperationStatus,
  ServiceErrorBody,
  TpmChallengeBody,
} from '../../wire/device-api.ts';
import { serviceTime } from '../../wire/service-time.ts';
import type { Refusal } from '../refusal.ts';

/** An answer before it is sent. */
export type HttpAnswer =
  | { readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>> }
  | { readonly refusal: Refusal; readonly headers?: Readonly<Record<string, string>> };

export const refuse = (refusal: Refusal, headers: Readonly<Record<string, string>> = {}): HttpAnswer => ({
  refusal,
  headers,
});

/** TPM attestation, first step. Status, members and text are those of a captured answer. */
export function challenge(authenticationKey: string): HttpAnswer {
  const body: TpmChallengeBody = {
    message: 'Authorization required, resend request using supplied key',
    authenticationKey,
    unencryptedAuthenticationKey: null,
    keyName: REGISTRATION_KEY_NAME,
  };
  return { status: 401, body };
}

/** The first preview called the state `registrationStatus`. */
export function operationBody(operation: RegistrationOperationStatus, apiVersion: string): unknown {
  if (apiVersion !== '2017-08-31-preview') return operation;
  const { registrationState, ...rest } = operation;
  return registrationState === undefined ? rest : { ...rest, registrationStatus: registrationState };
}

/**
 * Sends an answer with the headers of the service.
 *
 * @returns its status
 */
export function sendAnswer(
  response: ServerResponse,
  answer: HttpAnswer,
  { requestId, nowMs }: { readonly requestId: string; readonly nowMs: number },
): number {
  const refusal = 'refusal' in answer ? answer.refusal : undefined;
  const status = 'refusal' in answer ? answer.refusal.status : answer.status;
  const body = 'refusal' in answer ? errorBody(answer.refusal, requestId, nowMs) : answer.body;
  response.writeHead(status, {
    ...(body === undefined ? {} : bodyHeaders),
    ...answer.headers,
    'x-ms-request-id': requestId,
    ...(refusal === undefined ? {} : refusalHeaders(refusal)),
    'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
  });
  response.end(body === undefined ? undefined : JSON.stringify(body));
  return status;
}

const bodyHeaders = {
  'Content-Type': 'application/json; charset=utf-8',
  'Transfer-Encoding': 'chunked', // as the service sends it
};

const refusalHeaders = ({ errorCode, retryAfterSeconds }: Refusal) => ({
  'x-ms-error-code': String(errorCode),
  ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
});

/** Body of a refusal, whatever protocol carries it. Key order as observed. */
export function errorBody(
  { errorCode, message }: Refusal,
  requestId: string,
  nowMs: number,
): ServiceErrorBody {
  return { errorCode, trackingId: requestId, message, timestampUtc: serviceTime(nowMs) };
}
