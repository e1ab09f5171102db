import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { fromBase64 } from '../kernel/bytes.ts';
import { type Clock, systemClock } from '../kernel/clock.ts';
import { abortError } from '../kernel/deadline.ts';
import { CodecError, DpsServiceError, TransportError, toError } from '../kernel/errors.ts';
import type { EnrollmentGroup, IndividualEnrollment } from '../wire/enrollment.ts';
import { formatSasToken, signSas } from '../wire/sas-token.ts';

/** @see dps-service-api 2.2: what the Node SDK and the az CLI send */
const API_VERSION = '2021-10-01';
const TOKEN_LIFE_SECONDS = 3_600;
/** Of one bulk operation. */
export const MOST_ENROLLMENTS_AT_ONCE = 10;

export interface DpsServiceClientOptions {
  /** `HostName=…;SharedAccessKeyName=…;SharedAccessKey=…`; secret. */
  readonly connectionString: string;
  /** Another way to it; the host name is resolved when absent. */
  readonly address?: string | undefined;
  readonly port?: number | undefined;
  readonly caPem?: string | undefined;
  /** Asked before each request: holds it back until there is quota for it. */
  readonly untilQuota?: ((signal: AbortSignal) => Promise<void>) | undefined;
  readonly clock?: Clock | undefined;
}

/** What a registration record says, as far as it is asked for. */
export interface RegistrationState {
  readonly registrationId: string;
  readonly status: string;
  readonly assignedHub?: string;
  readonly deviceId?: string;
}

/**
 * The service API of a Device Provisioning Service, real or not: enrollments and registration records.
 *
 * Every method throws DpsServiceError for a refusal and TransportError when there is no answer.
 *
 * @see dps-service-api 2.1
 */
export interface DpsServiceClient {
  readonly hostName: string;
  /** At most {@link MOST_ENROLLMENTS_AT_ONCE}. @throws DpsServiceError when one of them could not be created */
  createEnrollments(enrollments: readonly IndividualEnrollment[], signal: AbortSignal): Promise<void>;
  putGroup(group: EnrollmentGroup, signal: AbortSignal): Promise<void>;
  /** One that is not there is no error: it has been removed. */
  removeEnrollment(registrationId: string, signal: AbortSignal): Promise<void>;
  removeGroup(enrollmentGroupId: string, signal: AbortSignal): Promise<void>;
  removeRegistration(registrationId: string, signal: AbortSignal): Promise<void>;
  /** @returns undefined when there is none */
  registration(registrationId: string, signal: AbortSignal): Promise<RegistrationState | undefined>;
}

/** @throws CodecError when the connection string is none */
export function createDpsServiceClient(options: DpsServiceClientOptions): DpsServiceClient {
  const { hostName, keyName, key } = parseConnectionString(options.connectionString);
  const { address = hostName, port = 443, caPem, clock = systemClock, untilQuota } = options;

  const token = (): string => {
    const sr = encodeURIComponent(hostName);
    const expirySeconds = Math.floor(clock.nowMs() / 1000) + TOKEN_LIFE_SECONDS;
    return formatSasToken({ sr, signature: signSas(key, sr, expirySeconds), expirySeconds, skn: keyName });
  };

  async function ask(method: string, path: string, body: unknown, signal: AbortSignal): Promise<Answer> {
    await untilQuota?.(signal);
    if (signal.aborted) throw abortError(signal);
    const content = body === undefined ? undefined : JSON.stringify(body);
    return new Promise((resolve, reject) => {
      const outgoing = request({
        ...{ method, host: address, port, servername: hostName, ca: caPem, signal },
        path: `${path}?api-version=${API_VERSION}`,
        headers: {
          Host: hostName,
          Authorization: token(),
          ...(content === undefined
            ? {}
            : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(content) }),
        },
      });
      outgoing.once('error', (cause: NodeJS.ErrnoException) => {
        if (signal.aborted) reject(abortError(signal));
        else
          reject(
            new TransportError('connect', cause.code ?? 'HTTP_FAILED', `${hostName}: ${cause.message}`, {
              cause,
            }),
          );
      });
      outgoing.once('response', (incoming) => {
        text(incoming).then(
          (answer) => resolve({ status: incoming.statusCode ?? 0, body: parseObject(answer) }),
          (cause: unknown) =>
            reject(new TransportError('receive', 'RESPONSE_TRUNCATED', toError(cause).message, { cause })),
        );
      });
      outgoing.end(content);
    });
  }
  const must = async (method: string, path: string, body: unknown, signal: AbortSignal): Promise<Answer> => {
    const answer = await ask(method, path, body, signal);
    if (answer.status < 300) return answer;
    throw refusalOf(answer);
  };
  const remove = async (path: string, signal: AbortSignal): Promise<void> => {
    const answer = await ask('DELETE', path, undefined, signal);
    if (answer.status >= 300 && answer.status !== 404) throw refusalOf(answer);
  };

  return {
    hostName,
    createEnrollments: async (enrollments, signal) => {
      const { body } = await must('POST', '/enrollments', { mode: 'create', enrollments }, signal);
      if (body['isSuccessful'] === false) throw refusalOf({ status: 409, body: firstError(body) });
    },
    putGroup: async (group, signal) => {
      const path = `/enrollmentGroups/${encodeURIComponent(group.enrollmentGroupId)}`;
      await must('PUT', path, group, signal);
    },
    removeEnrollment: (id, signal) => remove(`/enrollments/${encodeURIComponent(id)}`, signal),
    removeGroup: (id, signal) => remove(`/enrollmentGroups/${encodeURIComponent(id)}`, signal),
    removeRegistration: (id, signal) => remove(`/registrations/${encodeURIComponent(id)}`, signal),
    registration: async (id, signal) => {
      const answer = await ask('GET', `/registrations/${encodeURIComponent(id)}`, undefined, signal);
      if (answer.status === 404) return undefined;
      if (answer.status >= 300) throw refusalOf(answer);
      return answer.body as unknown as RegistrationState;
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

function parseConnectionString(text: string): { hostName: string; keyName: string; key: Uint8Array } {
  const fields = new Map(
    text.split(';').map((part) => [part.slice(0, part.indexOf('=')), part.slice(part.indexOf('=') + 1)]),
  );
  const field = (name: string): string => {
    const value = fields.get(name)?.trim();
    if (value !== undefined && value !== '') return value;
    throw new CodecError('the connection string of the service is incomplete', 0, `${name}=`);
  };
  return {
    hostName: field('HostName'),
    keyName: field('SharedAccessKeyName'),
    key: fromBase64(field('SharedAccessKey')),
  };
}

function parseObject(answer: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(answer);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function firstError({ errors }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const [first] = Array.isArray(errors) ? (errors as unknown[]) : [];
  const { errorCode, errorStatus } = (first ?? {}) as { errorCode?: unknown; errorStatus?: unknown };
  return { errorCode, message: errorStatus };
}

function refusalOf({ status, body }: Answer): DpsServiceError {
  const { errorCode, message, trackingId } = body;
  return new DpsServiceError({
    status,
    ...(typeof errorCode === 'number' ? { errorCode } : {}),
    ...(typeof trackingId === 'string' ? { trackingId } : {}),
    message: typeof message === 'string' ? message : `the service answered ${status}`,
  });
}
