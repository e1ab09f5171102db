import { STATUS_CODES } from 'node:http';
import { DpsServiceError, TransportError } from '../../kernel/errors.ts';
import type { HttpResponse } from '../../transport/http-exchange.ts';
import { type JsonObject, parseJsonObject } from '../../transport/service-answer.ts';
import type { RegistrationStatus, RegistrationSubstatus } from '../../wire/constants.ts';
import { registrationStatuses } from '../../wire/constants.ts';
import type { EdgeProfile } from './edge-profile.ts';

/** What a status query comes to, as the daemon understands it. */
export type EdgeOperation =
  | { readonly kind: 'assigning' }
  | {
      readonly kind: 'assigned';
      readonly assignedHub: string;
      readonly deviceId: string;
      readonly substatus: RegistrationSubstatus | undefined;
      /** The device's key for its hub, wrapped for its TPM. */
      readonly authenticationKey: string | undefined;
    }
  | {
      readonly kind: 'ended';
      readonly status: RegistrationStatus;
      readonly errorCode: number | undefined;
      readonly message: string;
    };

/** The answer's JSON, when it has one of the statuses that are due. Error messages are what the daemon logs. */
function readExpected(
  response: HttpResponse,
  expected: readonly number[],
  { strictAnswers }: EdgeProfile,
): JsonObject {
  const { status } = response;
  const due = expected.includes(status) || (!strictAnswers && status < 300);
  if (status >= 400 && !due) throw refusal(response, strictAnswers);
  if (!due) {
    const list = expected.join(', ');
    const seen = `${status} ${STATUS_CODES[status] ?? ''}`.trim();
    throw new TransportError('receive', 'UNEXPECTED_STATUS', `Expected one of [${list}], got ${seen}`);
  }
  return readJson(response, strictAnswers);
}

/** The blob of the TPM challenge: a 401 that is not a refusal. */
export function readChallenge(response: HttpResponse, profile: EdgeProfile): string {
  const { authenticationKey } = readExpected(response, [401], { ...profile, strictAnswers: true });
  if (typeof authenticationKey === 'string') return authenticationKey;
  throw refusal(response, profile.strictAnswers, 'missing field `authenticationKey`');
}

/** `operationId` of an accepted registration. */
export function readAccepted(response: HttpResponse, profile: EdgeProfile): string {
  const { operationId } = readExpected(response, [202], profile);
  if (typeof operationId !== 'string') throw invalid('missing field `operationId`');
  return operationId;
}

/** A status query's answer; the newer generations know three statuses and take any other for broken data. */
export function readOperation(response: HttpResponse, profile: EdgeProfile): EdgeOperation {
  const { status, registrationState } = readExpected(response, [200, 202], profile);
  const state = isObject(registrationState) ? registrationState : {};
  switch (status) {
    case 'assigning':
      if (profile.strictAnswers) requireText(state, 'registrationId');
      return { kind: 'assigning' };
    case 'assigned':
      return {
        kind: 'assigned',
        assignedHub: requireText(state, 'assignedHub'),
        deviceId: requireText(state, 'deviceId'),
        substatus: state['substatus'] as RegistrationSubstatus | undefined,
        authenticationKey: authenticationKeyOf(state),
      };
    case 'failed': {
      const read = errorOf(state);
      if (read === undefined && profile.strictAnswers) throw invalid('missing field `errorCode`');
      const message = read?.message ?? 'the registration failed';
      return { kind: 'ended', status, errorCode: read?.errorCode, message };
    }
    default:
      return otherStatus(status, state, profile);
  }
}

function otherStatus(status: unknown, state: JsonObject, { strictAnswers }: EdgeProfile): EdgeOperation {
  const known = registrationStatuses.find((one) => one === status);
  if (strictAnswers || known === undefined) {
    throw invalid(
      `unknown variant \`${String(status)}\`, expected one of \`assigning\`, \`assigned\`, \`failed\``,
    );
  }
  const read = errorOf(state);
  const message = read?.message ?? `the registration ended as ${known}`;
  return { kind: 'ended', status: known, errorCode: read?.errorCode, message };
}

/** What the daemon tells of a refusal is its message alone; status and code are kept for those who look on. */
function refusal(response: HttpResponse, strictAnswers: boolean, otherMessage?: string): Error {
  const { status, body } = response;
  if (body === '') return new DpsServiceError({ status, message: `HTTP error ${status}` });
  const answer = readJson(response, strictAnswers);
  const read = errorOf(answer);
  if (read === undefined) return invalid(otherMessage ?? 'missing field `errorCode`');
  const { trackingId } = answer;
  return new DpsServiceError({
    ...{ status, errorCode: read.errorCode, message: otherMessage ?? read.message },
    trackingId: typeof trackingId === 'string' ? trackingId : undefined,
  });
}

function readJson({ headers, body }: HttpResponse, strictAnswers: boolean): JsonObject {
  const type = headers['content-type'];
  const isJson = type === undefined || /^application\/json\s*(;|$)/i.test(type);
  const answer = isJson ? parseJsonObject(body) : undefined;
  if (answer !== undefined) return answer;
  const message = strictAnswers ? 'invalid Content-Type; expected JSON' : 'malformed HTTP response';
  throw new TransportError('receive', 'RESPONSE_NOT_JSON', isJson ? 'malformed HTTP response' : message);
}

function errorOf(answer: JsonObject): { readonly errorCode: number; readonly message: string } | undefined {
  const errorCode = answer['errorCode'] ?? answer['code'];
  const message = answer['errorMessage'] ?? answer['message'];
  return Number.isInteger(errorCode) && typeof message === 'string'
    ? { errorCode: errorCode as number, message }
    : undefined;
}

function authenticationKeyOf({ tpm }: JsonObject): string | undefined {
  const key = isObject(tpm) ? tpm['authenticationKey'] : undefined;
  return typeof key === 'string' ? key : undefined;
}

function requireText(state: JsonObject, field: string): string {
  const value = state[field];
  if (typeof value !== 'string') throw invalid(`missing field \`${field}\``);
  return value;
}

const invalid = (message: string): TransportError => new TransportError('receive', 'INVALID_DATA', message);

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
