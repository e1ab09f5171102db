import { toError } from '../../kernel/errors.ts';
import type {
  MqttApplication,
  MqttConnectPacket,
  MqttMessage,
  MqttPeer,
  MqttSession,
  OpenMqttApplication,
} from '../../server/mqtt-connection.ts';
import {
  REGISTER_TOPIC,
  RESPONSE_FILTER,
  RESPONSE_TOPIC,
  returnCodes,
  STATUS_TOPIC,
  SUBSCRIPTION_REFUSED,
} from '../../wire/mqtt.ts';
import type { DeviceIdentity, PresentedProof } from '../attestation/attest.ts';
import { refusals } from '../refusal.ts';
import { idKey } from '../registration-id.ts';
import type { DeviceRequest } from '../registration-service.ts';
import { errorBody } from './http-answer.ts';
import {
  answerRegister,
  answerStatus,
  logRequest,
  type MessagingParts,
  type OperationAnswer,
  statusOf,
} from './messaging.ts';

/** The DPS device API over MQTT 3.1.1: user name, topics and return codes; every decision is the core's. */
export function createMqttFrontEnd(parts: MessagingParts): OpenMqttApplication {
  const connected = new Map<string, MqttPeer>();
  return (chain) => createApplication(parts, chain, connected);
}

function createApplication(
  parts: MessagingParts,
  chain: readonly Uint8Array[],
  connected: Map<string, MqttPeer>,
): MqttApplication {
  let device: DeviceIdentity | undefined;
  return {
    connect: (packet, peer) => {
      const named = parseUserName(packet.userName ?? '');
      const claimed: DeviceRequest | undefined = named && { ...named, proof: proofOf(packet, chain) };
      device = claimed;
      const refused = claimed === undefined ? 'user name' : refusalOf(claimed, packet, parts);
      const refusal =
        refused === 'user name'
          ? refusals.invalidArgument('the user name is no {idScope}/registrations/{id}/api-version=…')
          : refused;
      logRequest(
        parts,
        { method: 'MQTT', path: 'CONNECT', device },
        { status: refusal?.status ?? 200, refusal },
      );
      if (claimed === undefined) return { refused: returnCodes.badUserNameOrPassword };
      if (refusal === undefined) {
        const id = idKey(claimed.registrationId);
        connected.get(id)?.close('another connection came with its client id'); // [MQTT-3.1.4-2]
        connected.set(id, peer);
        const closed = (): void => {
          if (connected.get(id) === peer) connected.delete(id);
        };
        return { ...createSession(claimed, parts), closed };
      }
      return { refused: refusal.status >= 500 ? returnCodes.serverUnavailable : returnCodes.notAuthorized };
    },
    onProblem: (reason) => {
      const refusal = refusals.malformedBody(reason);
      logRequest(parts, { method: 'MQTT', path: 'connection', device }, { status: refusal.status, refusal });
    },
  };
}

function refusalOf(claimed: DeviceRequest, { clientId }: MqttConnectPacket, { service }: MessagingParts) {
  if (idKey(clientId) !== idKey(claimed.registrationId)) {
    return refusals.notAuthorizedHere(`client id ${clientId.slice(0, 128)} is not ${claimed.registrationId}`);
  }
  try {
    const decision = service.authenticate(claimed, {});
    return decision.kind === 'refused' ? decision.refusal : undefined;
  } catch (thrown) {
    return refusals.internal(toError(thrown).message);
  }
}

function createSession(device: DeviceRequest, parts: MessagingParts): MqttSession {
  return {
    // QoS 2 is brought down to 1 by the connection, as the service does.
    subscribe: (filter, qos) => (filter === RESPONSE_FILTER ? qos : SUBSCRIPTION_REFUSED),
    receive: (message) => {
      const asked = parseRequest(message.topic);
      if (asked === undefined)
        return { close: `nothing is published to ${message.topic.slice(0, 200)} here` };
      const answer = decide(device, asked, message, parts);
      const refusal = 'refusal' in answer ? answer.refusal : undefined;
      const status = statusOf(answer);
      const requestId = logRequest(
        parts,
        {
          ...{ method: 'MQTT PUBLISH', path: asked.path, device },
          operation: asked.path === REGISTER_TOPIC ? 'register' : 'poll',
        },
        { status, refusal },
      );
      const body =
        'refusal' in answer ? errorBody(answer.refusal, requestId, parts.clock.nowMs()) : answer.operation;
      const seconds =
        refusal === undefined && status === 202 ? parts.retryAfterSeconds : refusal?.retryAfterSeconds;
      // In this order: the C# and Python SDKs want $rid first, the Java SDK finds only what follows an ampersand.
      const query = `?$rid=${asked.rid}${seconds === undefined ? '' : `&retry-after=${seconds}`}`;
      return [{ topic: `${RESPONSE_TOPIC}/${status}/${query}`, payload: Buffer.from(JSON.stringify(body)) }];
    },
  };
}

function decide(
  device: DeviceRequest,
  asked: Asked,
  { payload }: MqttMessage,
  { service }: MessagingParts,
): OperationAnswer {
  try {
    if (asked.path === REGISTER_TOPIC) {
      return answerRegister(device, payload, service, 'DPS has no TPM attestation over MQTT');
    }
    return asked.operationId === undefined
      ? { refusal: refusals.invalidArgument('operationId is missing') }
      : answerStatus(device, asked.operationId, service);
  } catch (thrown) {
    return { refusal: refusals.internal(toError(thrown).message) };
  }
}

interface Asked {
  readonly path: typeof REGISTER_TOPIC | typeof STATUS_TOPIC;
  /** Byte for byte as it came: clients look for it. */
  readonly rid: string;
  readonly operationId: string | undefined;
}

function parseRequest(topic: string): Asked | undefined {
  const path = [REGISTER_TOPIC, STATUS_TOPIC].find((known) => topic.startsWith(`${known}/?`));
  if (path === undefined) return undefined;
  const fields = new Map(
    topic
      .slice(path.length + 2)
      .split('&')
      .map((field): [string, string] => {
        const equals = field.indexOf('=');
        return equals === -1 ? [field, ''] : [field.slice(0, equals), field.slice(equals + 1)];
      }),
  );
  const rid = fields.get('$rid');
  return rid ? { path: path as Asked['path'], rid, operationId: fields.get('operationId') } : undefined;
}

/** `{idScope}/registrations/{registrationId}/api-version={v}&ClientVersion={agent}`; the agent may be absent. */
function parseUserName(userName: string): (DeviceIdentity & { readonly apiVersion: string }) | undefined {
  const [idScope, registrations, registrationId, ...rest] = userName.split('/');
  if (!idScope || registrations !== 'registrations' || !registrationId) return undefined;
  const apiVersion = new URLSearchParams(rest.join('/')).get('api-version');
  return apiVersion ? { idScope, registrationId, apiVersion } : undefined;
}

/** A client certificate counts only where no token came: one port serves all attestations. */
function proofOf({ password }: MqttConnectPacket, chain: readonly Uint8Array[]): PresentedProof {
  if (password !== undefined && password !== '') return { kind: 'sas', token: password };
  return chain.length === 0 ? { kind: 'none' } : { kind: 'certificate', chain };
}
