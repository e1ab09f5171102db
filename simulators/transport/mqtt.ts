import type { Duplex } from 'node:stream';
import type { Clock } from '../kernel/clock.ts';
import { DpsServiceError, TransportError } from '../kernel/errors.ts';
import {
  MQTT_SUBPROTOCOL,
  REGISTER_TOPIC,
  RESPONSE_FILTER,
  RESPONSE_TOPIC,
  STATUS_TOPIC,
} from '../wire/mqtt.ts';
import { standardPorts } from '../wire/transports.ts';
import { connackRefusal, type MqttMessage, MqttSession } from './mqtt-session.ts';
import type {
  DpsEndpoint,
  ProvisioningTransport,
  RegistrationReply,
  RequestProof,
  TransportOptions,
} from './provisioning-transport.ts';
import { secureContextFor } from './secure-context.ts';
import { parseJsonObject, parseOperationStatus, parseRetryAfter, serviceError } from './service-answer.ts';
import { openTlsConnection } from './tls-connection.ts';
import { openWebSocket } from './web-socket.ts';

type OpenStream = (signal: AbortSignal) => Promise<Duplex>;

/** One device's own MQTT connection to DPS, over TLS. */
export function createMqttTransport(
  endpoint: DpsEndpoint,
  options: TransportOptions,
  clock: Clock,
): ProvisioningTransport {
  const secureContext = secureContextFor(endpoint, options.tls);
  const dialled = { ...endpoint, port: endpoint.mqttPort ?? standardPorts.mqtt };
  return createMqttOver(
    (signal) => openTlsConnection(dialled, secureContext, signal),
    endpoint,
    options,
    clock,
  );
}

/** The same inside a WebSocket, on the port of HTTPS. */
export function createMqttWsTransport(
  endpoint: DpsEndpoint,
  options: TransportOptions,
  clock: Clock,
): ProvisioningTransport {
  const secureContext = secureContextFor(endpoint, options.tls);
  const open: OpenStream = (signal) =>
    openWebSocket(endpoint, { secureContext, subprotocol: MQTT_SUBPROTOCOL }, signal);
  return createMqttOver(open, endpoint, options, clock);
}

/** CONNECT comes with the first request, as that brings the proof: a token is the password. */
function createMqttOver(
  open: OpenStream,
  endpoint: DpsEndpoint,
  { registrationId, userAgent }: TransportOptions,
  clock: Clock,
): ProvisioningTransport {
  const userName = userNameOf(endpoint, registrationId, userAgent);
  let stream: Duplex | undefined;
  let session: MqttSession | undefined;
  let requests = 0;

  const connected = async (proof: RequestProof, signal: AbortSignal): Promise<MqttSession> => {
    if (session?.usable === true) return session;
    await session?.close();
    if (stream === undefined || stream.destroyed || !stream.writable) stream = await open(signal);
    const begun = new MqttSession(stream);
    stream = undefined; // the session's now
    session = begun;
    const password = proof.kind === 'sas' ? proof.token : undefined;
    const returnCode = await begun.connect({ clientId: registrationId, userName, password }, signal);
    const refusal = connackRefusal(returnCode);
    if (refusal !== undefined) throw new DpsServiceError(refusal);
    await begun.subscribe(RESPONSE_FILTER, signal);
    return begun;
  };
  const request = async (
    topic: string,
    { body, more }: { readonly body: string; readonly more: string },
    proof: RequestProof,
    signal: AbortSignal,
  ): Promise<RegistrationReply> => {
    const ready = await connected(proof, signal);
    requests += 1;
    const rid = String(requests);
    const asked = { topic: `${topic}/?$rid=${rid}${more}`, payload: Buffer.from(body) };
    const answer = await ready.request(asked, (seen) => ridOf(seen) === rid, signal);
    return readMqttReply(answer, clock);
  };
  const close = async (): Promise<void> => {
    await session?.close();
    session = undefined;
    stream?.destroy();
    stream = undefined;
  };
  return {
    connect: async (signal) => {
      if (session?.usable !== true) stream = await open(signal);
    },
    register: (body, proof, signal) =>
      request(REGISTER_TOPIC, { body: JSON.stringify(body), more: '' }, proof, signal),
    queryOperation: (operationId, proof, signal) =>
      request(STATUS_TOPIC, { body: '', more: `&operationId=${operationId}` }, proof, signal),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function userNameOf(
  { idScope, apiVersion }: DpsEndpoint,
  registrationId: string,
  userAgent: string | undefined,
) {
  const agent = userAgent === undefined ? '' : `&ClientVersion=${encodeURIComponent(userAgent)}`;
  return `${idScope}/registrations/${registrationId}/api-version=${apiVersion}${agent}`;
}

const answerTopic = new RegExp(`^${RESPONSE_TOPIC.replace('$', '\\$')}/(\\d{3})/\\?(.*)$`);

/** `{status}/?$rid={rid}&retry-after={seconds}`, behind the topic that was subscribed to. */
function parseAnswerTopic(
  topic: string,
): { status: number; fields: ReadonlyMap<string, string> } | undefined {
  const [, status, query] = answerTopic.exec(topic) ?? [];
  if (status === undefined || query === undefined) return undefined;
  const fields = query.split('&').map((field): [string, string] => {
    const [name = '', ...value] = field.split('=');
    return [name, value.join('=')];
  });
  return { status: Number(status), fields: new Map(fields) };
}

const ridOf = (topic: string): string | undefined => parseAnswerTopic(topic)?.fields.get('$rid');

/** @throws DpsServiceError for a refusal; TransportError, CodecError for what is no answer of DPS */
function readMqttReply({ topic, payload }: MqttMessage, clock: Clock): RegistrationReply {
  const { status = 0, fields } = parseAnswerTopic(topic) ?? {};
  const answer = parseJsonObject(payload.toString('utf8'));
  const retryAfterSeconds = parseRetryAfter(fields?.get('retry-after'), clock.nowMs());
  if (status >= 300) throw serviceError(status, answer, retryAfterSeconds);
  if (answer === undefined) {
    throw new TransportError('receive', 'RESPONSE_NOT_JSON', `answer ${status} is not a JSON object`);
  }
  return { operation: parseOperationStatus(answer), retryAfterSeconds };
}
