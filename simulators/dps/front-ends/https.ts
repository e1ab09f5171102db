import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../kernel/clock.ts';
import { toError } from '../../kernel/errors.ts';
import { clientChainOf } from '../../server/client-chain.ts';
import { readBody } from '../../server/read-body.ts';
import { serviceTime } from '../../wire/service-time.ts';
import type { PresentedProof } from '../attestation/attest.ts';
import type { LoggedRequest } from '../dps-control.ts';
import type { FaultInjector, WireFault } from '../fault-injector.ts';
import { refusals } from '../refusal.ts';
import type { DeviceRequest, RegistrationService } from '../registration-service.ts';
import type { RequestLog } from '../request-log.ts';
import type { ServiceApi } from '../service-api/service-api.ts';
import { isServicePath } from '../service-api/service-routes.ts';
import { BODY_LIMIT_BYTES, readDeviceRegistration } from './device-registration.ts';
import { challenge, type HttpAnswer, operationBody, refuse, sendAnswer } from './http-answer.ts';
import { type Matched, matchRoute } from './routes.ts';

export interface HttpsFrontEndParts {
  readonly service: RegistrationService;
  readonly serviceApi: ServiceApi;
  readonly log: RequestLog;
  readonly clock: Clock;
  readonly retryAfterSeconds: number;
  /** How long the answer to a request is held back; 0 is not at all. */
  readonly latencyMs?: (what: string) => number;
  /** What happens to the answer on its way. */
  readonly wireFaultsOf?: FaultInjector['wireFaultsOf'];
}

/**
 * The DPS device API over HTTPS, and on the same port the service API: routes, headers, bodies and status codes; every
 * decision is the core's.
 */
export function createHttpsFrontEnd(parts: HttpsFrontEndParts): RequestListener {
  const { log, clock } = parts;
  return (request, response) => {
    const beganMs = clock.monotonicMs();
    const requestId = randomUUID();
    const target = request.url ?? '';
    const matched = matchRoute(request.method ?? '', target);
    const wireFaults = wireFaultsOf(matched, parts);
    const finish = (decided: HttpAnswer): void => {
      const nowMs = clock.nowMs();
      const answer = withRetryAfter(decided, wireFaults, nowMs);
      const status = sendAnswer(response, answer, { requestId, nowMs });
      const refusal = 'refusal' in answer ? answer.refusal : undefined;
      log.add({
        at: serviceTime(nowMs),
        requestId,
        method: request.method ?? '',
        path: target.split('?')[0] ?? '', // a query may hold anything, also a token
        registrationId: matched.route?.registrationId,
        operation: operationOf(matched),
        status,
        retryAfterSeconds: retryAfterOf(answer),
        errorCode: refusal?.errorCode,
        reason: refusal?.reason,
        durationMs: clock.monotonicMs() - beganMs,
      });
    };
    if (wireFaults.some(({ kind }) => kind === 'reset')) {
      request.socket.destroy();
      return;
    }
    if (wireFaults.some(({ kind }) => kind === 'silence')) return;
    const latencyMs = (parts.latencyMs?.(`${request.method ?? ''} ${target}`) ?? 0) + heldBackMs(wireFaults);
    const received = readBody(request, BODY_LIMIT_BYTES);
    const due =
      latencyMs === 0 ? received : received.then((body) => clock.sleepMs(latencyMs).then(() => body));
    due.then(
      (body) => {
        try {
          finish(answerTo(request, isServicePath(target) ? 'service' : matched, body, parts));
        } catch (thrown) {
          finish(refuse(refusals.internal(toError(thrown).message)));
        }
      },
      () => response.destroy(), // the client went away
    );
  };
}

function operationOf({ route }: Matched): LoggedRequest['operation'] {
  if (route === undefined || route.kind === 'lookup') return undefined;
  return route.kind === 'operation' ? 'poll' : 'register';
}

function retryAfterOf(answer: HttpAnswer): number | undefined {
  if ('refusal' in answer) return answer.refusal.retryAfterSeconds;
  const seconds = Number(answer.headers?.['Retry-After']);
  return Number.isNaN(seconds) ? undefined : seconds;
}

function wireFaultsOf(
  { route }: Matched,
  { wireFaultsOf: ordered }: Pick<HttpsFrontEndParts, 'wireFaultsOf'>,
): readonly WireFault[] {
  if (route === undefined || ordered === undefined || route.kind === 'lookup') return [];
  return ordered(route.kind === 'operation' ? 'poll' : 'register', route.registrationId);
}

const heldBackMs = (faults: readonly WireFault[]): number =>
  faults.reduce((sum, fault) => sum + (fault.kind === 'delay' ? fault.ms : 0), 0);

const DATE_IN_MS = 2_000;

/** A proxy on the way may write it in another form, or drop it. */
function withRetryAfter(answer: HttpAnswer, faults: readonly WireFault[], nowMs: number): HttpAnswer {
  const fault = faults.find(({ kind }) => kind === 'retry-after');
  if (fault?.kind !== 'retry-after' || 'refusal' in answer || answer.status !== 202) return answer;
  const { 'Retry-After': _own, ...headers } = answer.headers ?? {};
  if (fault.value === 'absent') return { ...answer, headers };
  const value =
    fault.value === 'http-date' ? new Date(nowMs + DATE_IN_MS).toUTCString() : String(fault.value);
  return { ...answer, headers: { ...headers, 'Retry-After': value } };
}

function answerTo(
  request: IncomingMessage,
  matched: Matched | 'service',
  body: Buffer | 'too-large',
  parts: HttpsFrontEndParts,
): HttpAnswer {
  if (body === 'too-large') {
    return refuse(refusals.bodyTooLarge(`more than ${BODY_LIMIT_BYTES} bytes`), { Connection: 'close' });
  }
  if (matched === 'service') {
    const header = (name: string): string | undefined => request.headers[name]?.toString();
    return parts.serviceApi({ method: request.method ?? '', target: request.url ?? '', header, body });
  }
  if (matched.kind === 'refused') return refuse(matched.refusal);
  const { route, apiVersion } = matched;
  const device: DeviceRequest = { ...route, apiVersion, proof: proofOf(request) };
  if (route.kind === 'operation') return statusAnswer(device, route.operationId, apiVersion, parts);

  const contentType = request.headers['content-type'] ?? 'none';
  if (!/^application\/json\s*(;|$)/i.test(contentType)) {
    const reason = `content type ${contentType.slice(0, 100)}, application/json is needed`;
    return refuse(refusals.unsupportedMediaType(reason));
  }
  const read = readDeviceRegistration(body, route.registrationId);
  if ('refusal' in read) return refuse(read.refusal);
  if (route.kind === 'lookup') {
    const found = parts.service.lookUp(device, read.registration);
    if (found.kind === 'found') return { status: 200, body: found.result };
    return found.kind === 'refused' ? refuse(found.refusal) : challenge(found.authenticationKey);
  }
  const registered = parts.service.register(device, read.registration);
  switch (registered.kind) {
    case 'refused':
      return refuse(registered.refusal);
    case 'challenge':
      return challenge(registered.authenticationKey);
    case 'accepted':
      return {
        status: 202,
        body: operationBody(registered.operation, apiVersion),
        headers: {
          'Retry-After': String(parts.retryAfterSeconds),
          Location: `https://${request.headers.host ?? ''}${request.url ?? ''}`, // the register URL, as the service does
        },
      };
  }
}

function statusAnswer(
  device: DeviceRequest,
  operationId: string,
  apiVersion: string,
  { service, retryAfterSeconds }: HttpsFrontEndParts,
): HttpAnswer {
  const status = service.queryOperation(device, operationId);
  if (status.kind === 'refused') return refuse(status.refusal);
  const body = operationBody(status.operation, apiVersion);
  return status.kind === 'running'
    ? { status: 202, body, headers: { 'Retry-After': String(retryAfterSeconds) } }
    : { status: 200, body };
}

/** A client certificate counts only where no token came: one port serves all attestations. */
function proofOf(request: IncomingMessage): PresentedProof {
  const { authorization } = request.headers;
  if (authorization !== undefined) return { kind: 'sas', token: authorization };
  const chain = clientChainOf(request.socket as TLSSocket);
  return chain.length === 0 ? { kind: 'none' } : { kind: 'certificate', chain };
}
