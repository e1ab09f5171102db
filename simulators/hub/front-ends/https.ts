import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../kernel/clock.ts';
import { toError } from '../../kernel/errors.ts';
import { clientChainOf } from '../../server/client-chain.ts';
import { readBody } from '../../server/read-body.ts';
import { HUB_PROPERTY_PREFIX, type HubErrorBody } from '../../wire/hub-api.ts';
import { percentDecoded, withoutPort } from '../../wire/sas-resource.ts';
import type { HubProof, ProofContext } from '../authenticate.ts';
import type { HubDirectory } from '../hub-directory.ts';
import { type HubRefusal, hubRefusals } from '../hub-refusal.ts';
import type { DeviceAddress, HubService } from '../hub-service.ts';
import { answerRegistryRequest, type RegistryAnswer } from '../registry-api/registry-api.ts';

/** What is told of each answer, without secrets. */
export interface HubRequestRecord {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  readonly deviceId: string | undefined;
  readonly status: number;
  readonly refusal: HubRefusal | undefined;
  readonly durationMs: number;
}

export interface HubHttpsFrontEndParts extends ProofContext {
  readonly directory: HubDirectory;
  readonly service: HubService;
  readonly onAnswered: (record: HubRequestRecord) => void;
}

/** Above the largest message and the largest bulk operation. */
const BODY_LIMIT_BYTES = 1024 * 1024;

/** Whether a request is for one of the hubs: they share the port with DPS and differ by name. */
export const isHubRequest = (request: IncomingMessage, directory: HubDirectory): boolean =>
  directory.find(hostOf(request)) !== undefined;

/** The hubs over HTTPS: telemetry from devices, and the registry API. */
export function createHubHttpsFrontEnd(parts: HubHttpsFrontEndParts): RequestListener {
  const { clock, onAnswered } = parts;
  return (request, response) => {
    const beganMs = clock.monotonicMs();
    const requestId = randomUUID();
    const path = pathOf(request);
    const address = telemetryAddress(request, path);
    const finish = (answer: RegistryAnswer): void => {
      const status = send(response, answer, requestId, clock);
      onAnswered({
        requestId,
        method: request.method ?? '',
        path,
        deviceId: address?.deviceId ?? /^\/(?:devices|twins)\/([^/]+)/.exec(path)?.[1],
        status,
        refusal: answer.kind === 'refused' ? answer : undefined,
        durationMs: clock.monotonicMs() - beganMs,
      });
    };
    readBody(request, BODY_LIMIT_BYTES).then(
      (body) => {
        try {
          if (body === 'too-large') {
            response.setHeader('Connection', 'close');
            finish(hubRefusals.messageTooLarge(`more than ${BODY_LIMIT_BYTES} bytes`));
          } else if (address === undefined) finish(registryAnswer(request, body, parts));
          else finish(takeTelemetry(request, address, body, parts));
        } catch (thrown) {
          finish(hubRefusals.internal(toError(thrown).message));
        }
      },
      () => response.destroy(), // the client went away
    );
  };
}

function takeTelemetry(
  request: IncomingMessage,
  address: DeviceAddress,
  body: Buffer,
  { service }: HubHttpsFrontEndParts,
): RegistryAnswer {
  if (request.method !== 'POST') return hubRefusals.methodNotAllowed('a message is sent with POST');
  const device = service.connect(address, proofOf(request));
  if (device.kind === 'refused') return device;
  const properties = propertiesOf(request);
  return service.acceptTelemetry(device, { body, properties }) ?? { kind: 'answered', status: 204 };
}

function registryAnswer(
  request: IncomingMessage,
  body: Buffer,
  { directory, ...proofs }: HubHttpsFrontEndParts,
): RegistryAnswer {
  const registry = directory.find(hostOf(request));
  if (registry === undefined) return hubRefusals.hubNotFound(`${hostOf(request)} is not a linked hub`);
  const { method = '', url: target = '' } = request;
  const header = (name: string): string | undefined => request.headers[name]?.toString();
  const proof = proofOf(request);
  return answerRegistryRequest({ registry, method, target, proof, header, body }, proofs);
}

/** Device and module of `/devices/{id}[/modules/{id}]/messages/events`, or undefined for any other path. */
function telemetryAddress(request: IncomingMessage, path: string): DeviceAddress | undefined {
  const match = /^\/devices\/([^/]+)(?:\/modules\/([^/]+))?\/messages\/events\/?$/i.exec(path);
  if (match === null) return undefined;
  const [, deviceId = '', moduleId] = match.map((part) => part && percentDecoded(part));
  return { hub: hostOf(request), deviceId, moduleId };
}

const propertiesOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers)
      .filter(([name]) => name.startsWith(HUB_PROPERTY_PREFIX))
      .map(([name, value]) => [name.slice(HUB_PROPERTY_PREFIX.length), value?.toString() ?? '']),
  );

function proofOf(request: IncomingMessage): HubProof {
  const { authorization } = request.headers;
  if (authorization !== undefined) return { kind: 'sas', token: authorization };
  const chain = clientChainOf(request.socket as TLSSocket);
  return chain.length === 0 ? { kind: 'none' } : { kind: 'certificate', chain };
}

function send(response: ServerResponse, answer: RegistryAnswer, requestId: string, clock: Clock): number {
  const refused = answer.kind === 'refused' ? answer : undefined;
  const body =
    refused === undefined ? (answer as { body?: unknown }).body : errorBody(refused, requestId, clock);
  response.writeHead(answer.status, {
    ...(body === undefined ? {} : { 'Content-Type': 'application/json; charset=utf-8' }),
    ...(answer.kind === 'answered' ? answer.headers : { 'iothub-errorcode': answer.name }),
    'x-ms-request-id': requestId,
  });
  response.end(body === undefined ? undefined : JSON.stringify(body));
  return answer.status;
}

/** The text behind the semicolon must be there: the official client finds the name by it. */
const errorBody = ({ name, message }: HubRefusal, requestId: string, clock: Clock): HubErrorBody => ({
  Message: `ErrorCode:${name};${message}`,
  ExceptionMessage: `Tracking ID:${requestId}-TimeStamp:${timestamp(clock.nowMs())}`,
});

/** `MM/DD/YYYY HH:MM:SS`, UTC. */
function timestamp(epochMs: number): string {
  const [date = '', time = ''] = new Date(epochMs).toISOString().split('T');
  const [year, month, day] = date.split('-');
  return `${month}/${day}/${year} ${time.slice(0, 8)}`;
}

const hostOf = (request: IncomingMessage): string => withoutPort(request.headers.host ?? '');
const pathOf = (request: IncomingMessage): string => (request.url ?? '').split('?')[0] ?? '';
