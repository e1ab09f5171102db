import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../kernel/clock.ts';
import { toError } from '../../kernel/errors.ts';
import { readBody } from '../../server/read-body.ts';
import { REGISTRATION_KEY_NAME } from '../../wire/constants.ts';
import type { DeviceRegistration, ServiceErrorBody, TpmChallengeBody } from '../../wire/device-api.ts';
import { type Refusal, refusals } from '../refusal.ts';
import type { DeviceRequest, PresentedProof, RegistrationService } from '../registration-service.ts';
import type { RequestLog } from '../request-log.ts';
import { serviceTime } from '../service-time.ts';
import { clientChainOf } from './client-chain.ts';
import { parseDeviceRegistration } from './device-registration.ts';
import { matchRoute, type Route } from './routes.ts';

const BODY_LIMIT_BYTES = 96 * 1024;

export interface HttpsFrontEndParts {
  readonly service: RegistrationService;
  readonly log: RequestLog;
  readonly clock: Clock;
  readonly retryAfterSeconds: number;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly refusal?: Refusal;
}

/** The DPS device API over HTTPS: routes, headers, bodies and status codes; every decision is the core's. */
export function createHttpsFrontEnd(parts: HttpsFrontEndParts): RequestListener {
  return (request, response) => {
    const began = performance.now();
    const requestId = randomUUID();
    void answer(request, parts)
      .catch((thrown: unknown): Answer | undefined => {
        if (request.destroyed && !request.complete) return undefined; // the client went away
        return refuse(refusals.internal(toError(thrown).message));
      })
      .then((made) => {
        if (made === undefined) return;
        send(response, made, requestId, parts.clock);
        parts.log.add({
          at: serviceTime(parts.clock.nowMs()),
          requestId,
          method: request.method ?? '',
          path: (request.url ?? '').slice(0, 512),
          registrationId: matchedId(request),
          status: made.status,
          errorCode: made.refusal?.errorCode,
          reason: made.refusal?.reason,
          durationMs: performance.now() - began,
        });
      });
  };
}

async function answer(
  request: IncomingMessage,
  { service, retryAfterSeconds }: HttpsFrontEndParts,
): Promise<Answer> {
  const matched = matchRoute(request.method ?? '', request.url ?? '');
  if (matched.kind === 'refused') return refuse(matched.refusal);
  const body = await readBody(request, BODY_LIMIT_BYTES);
  if (body === 'too-large') {
    return {
      ...refuse(refusals.bodyTooLarge(`more than ${BODY_LIMIT_BYTES} bytes`)),
      headers: { Connection: 'close' },
    };
  }
  const { route } = matched;
  const device: DeviceRequest = { ...route, proof: proofOf(request) };
  if (route.kind === 'operation') {
    const status = await service.queryOperation(device, route.operationId);
    if (status.kind === 'refused') return refuse(status.refusal);
    return status.kind === 'running'
      ? { status: 202, body: status.operation, headers: { 'Retry-After': String(retryAfterSeconds) } }
      : { status: 200, body: status.operation };
  }
  const parsed = readRegistration(request, body, route);
  if ('refusal' in parsed) return refuse(parsed.refusal);
  if (route.kind === 'lookup') {
    const found = await service.lookUp(device, parsed.registration);
    if (found.kind === 'found') return { status: 200, body: found.result };
    return found.kind === 'refused' ? refuse(found.refusal) : challenge(found.authenticationKey);
  }
  const registered = await service.register(device, parsed.registration);
  switch (registered.kind) {
    case 'refused':
      return refuse(registered.refusal);
    case 'challenge':
      return challenge(registered.authenticationKey);
    case 'accepted':
      return {
        status: 202,
        body: registered.operation,
        headers: {
          'Retry-After': String(retryAfterSeconds),
          Location: `https://${request.headers.host ?? ''}${request.url ?? ''}`,
        },
      };
  }
}

/** A client certificate counts only where no token came: one port serves all attestations. */
function proofOf(request: IncomingMessage): PresentedProof {
  const { authorization } = request.headers;
  if (authorization !== undefined) return { kind: 'sas', token: authorization };
  const chain = clientChainOf(request.socket as TLSSocket);
  return chain.length === 0 ? { kind: 'none' } : { kind: 'certificate', chain };
}

function readRegistration(
  request: IncomingMessage,
  body: Buffer,
  { registrationId }: Route,
): { readonly registration: DeviceRegistration } | { readonly refusal: Refusal } {
  const contentType = request.headers['content-type'] ?? 'none';
  if (!/^application\/json\s*(;|$)/i.test(contentType)) {
    return {
      refusal: refusals.unsupportedMediaType(`content type ${contentType}, application/json is needed`),
    };
  }
  return parseDeviceRegistration(body, registrationId);
}

function challenge(authenticationKey: string): Answer {
  const body: TpmChallengeBody = {
    message: 'Authorization required, resend request using supplied key',
    authenticationKey,
    unencryptedAuthenticationKey: null,
    keyName: REGISTRATION_KEY_NAME,
  };
  return { status: 401, body };
}

const refuse = (refusal: Refusal): Answer => ({ status: refusal.status, body: undefined, refusal });

function send(
  response: ServerResponse,
  { status, body, headers, refusal }: Answer,
  requestId: string,
  clock: Clock,
): void {
  const text = JSON.stringify(refusal === undefined ? body : errorBody(refusal, requestId, clock));
  response.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Transfer-Encoding': 'chunked', // as the service sends it
    ...headers,
    'x-ms-request-id': requestId,
    ...(refusal === undefined ? {} : { 'x-ms-error-code': String(refusal.errorCode) }),
    'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
  });
  response.end(text);
}

function errorBody(refusal: Refusal, requestId: string, clock: Clock): ServiceErrorBody {
  const { errorCode, message } = refusal;
  return { errorCode, trackingId: requestId, message, timestampUtc: serviceTime(clock.nowMs()) };
}

function matchedId(request: IncomingMessage): string | undefined {
  const matched = matchRoute(request.method ?? '', request.url ?? '');
  return matched.kind === 'matched' ? matched.route.registrationId : undefined;
}
