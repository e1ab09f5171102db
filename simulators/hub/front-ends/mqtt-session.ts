import { toError } from '../../kernel/errors.ts';
import type { MqttMessage, MqttSession } from '../../server/mqtt-connection.ts';
import {
  deviceTopic,
  eventsTopic,
  METHODS_FILTER,
  SYSTEM_PROPERTY_PREFIX,
  TWIN_DESIRED_FILTER,
  TWIN_GET_TOPIC,
  TWIN_REPORTED_TOPIC,
  TWIN_RESPONSE_FILTER,
  TWIN_RESPONSE_TOPIC,
} from '../../wire/hub-mqtt.ts';
import { SUBSCRIPTION_REFUSED } from '../../wire/mqtt.ts';
import { percentDecoded } from '../../wire/sas-resource.ts';
import type { HubTwin, TwinObject } from '../hub-identity.ts';
import { type HubRefusal, hubRefusals } from '../hub-refusal.ts';
import type { ConnectedDevice, DeviceAddress, HubService } from '../hub-service.ts';

interface HubMqttSessionParts {
  readonly service: HubService;
  /** Told of every message, and of the refusal where there is one. */
  readonly record: (path: string, refusal: HubRefusal | undefined) => void;
}

type Received = ReturnType<MqttSession['receive']>;
type Ids = Pick<DeviceAddress, 'deviceId' | 'moduleId'>;

/** What one device may do over MQTT once it is let in: send telemetry, read its twin, report properties. */
export function createHubMqttSession(
  device: ConnectedDevice,
  { service, record }: HubMqttSessionParts,
): MqttSession & {
  readonly takeTelemetry: (body: Uint8Array, properties: Readonly<Record<string, string>>) => Received;
} {
  const ids: Ids = { deviceId: device.identity.deviceId, moduleId: device.module?.moduleId };
  const filters = filtersOf(ids);
  const takeTelemetry = (body: Uint8Array, properties: Readonly<Record<string, string>>): Received => {
    const refusal = service.acceptTelemetry(device, { body, properties });
    record(eventsTopic(ids.deviceId, ids.moduleId), refusal);
    return refusal === undefined ? [] : { close: refusal.reason };
  };
  return {
    takeTelemetry,
    subscribe: (filter, qos) => (filters.includes(filter) ? qos : SUBSCRIPTION_REFUSED),
    receive: (message) => {
      const { topic, payload, isRetained = false } = message;
      if (!isStillThere(device)) return { close: `${ids.deviceId} is no longer let in` };
      const properties = propertiesOfTopic(topic, ids);
      if (properties !== undefined) {
        return takeTelemetry(payload, isRetained ? { ...properties, 'mqtt-retain': 'true' } : properties);
      }
      const asked = parseTwinTopic(topic);
      if (asked === undefined) return { close: `nothing is published to ${topic.slice(0, 200)} here` };
      const answer = answerTwin(device, asked.path, message, service);
      record(asked.path, 'refusal' in answer ? answer.refusal : undefined);
      return [twinResponse(asked.rid, answer)];
    },
  };
}

/** Who was deleted, made anew or disabled while connected. */
function isStillThere({ registry, identity }: ConnectedDevice): boolean {
  const now = registry.get(identity.deviceId);
  return now?.status === 'enabled' && now.generationId === identity.generationId;
}

/** Everything that the SDKs subscribe to; where nothing is sent from, nothing comes. */
function filtersOf({ deviceId, moduleId }: Ids): readonly string[] {
  const own = deviceTopic(deviceId, moduleId);
  const inputs = moduleId === undefined ? [] : [`${own}/inputs/#`, `${own}/#`];
  return [
    ...[TWIN_RESPONSE_FILTER, TWIN_DESIRED_FILTER, METHODS_FILTER],
    ...[`${own}/messages/devicebound/#`, ...inputs],
  ];
}

/** The application's properties of a message, or undefined where the topic is not the one for messages of this device. */
export function propertiesOfTopic(
  topic: string,
  { deviceId, moduleId }: Ids,
): Readonly<Record<string, string>> | undefined {
  const base = eventsTopic(deviceId, moduleId);
  if (topic !== base && !topic.startsWith(`${base}/`)) return undefined;
  const bag = topic.slice(base.length + 1).replace(/\/$/, '');
  const fields = bag.split('&').flatMap((field): [string, string][] => {
    const [name = '', ...value] = field.split('=');
    const decoded = percentDecoded(name);
    const isOurs = decoded === '' || decoded.startsWith(SYSTEM_PROPERTY_PREFIX);
    return isOurs ? [] : [[decoded, percentDecoded(value.join('='))]];
  });
  return Object.fromEntries(fields);
}

type TwinPath = typeof TWIN_GET_TOPIC | typeof TWIN_REPORTED_TOPIC;

/** The request id is kept byte for byte as it came: clients look for it. */
function parseTwinTopic(topic: string): { readonly path: TwinPath; readonly rid: string } | undefined {
  const path = ([TWIN_GET_TOPIC, TWIN_REPORTED_TOPIC] as const).find((one) => topic.startsWith(`${one}/?`));
  if (path === undefined) return undefined;
  const fields = topic.slice(path.length + 2).split('&');
  const rid = fields.find((field) => field.startsWith('$rid='))?.slice('$rid='.length);
  return rid ? { path, rid } : undefined;
}

type TwinAnswer = { readonly twin: HubTwin; readonly isPatched: boolean } | { readonly refusal: HubRefusal };

function answerTwin(
  device: ConnectedDevice,
  path: TwinPath,
  { payload }: MqttMessage,
  service: HubService,
): TwinAnswer {
  try {
    if (path === TWIN_GET_TOPIC) return { twin: service.readTwin(device), isPatched: false };
    const patch = parseObject(payload);
    return patch === undefined
      ? { refusal: hubRefusals.deserialization('reported properties are no JSON object') }
      : { twin: service.reportProperties(device, patch), isPatched: true };
  } catch (thrown) {
    return { refusal: hubRefusals.internal(toError(thrown).message) };
  }
}

function parseObject(payload: Buffer): TwinObject | undefined {
  try {
    const value: unknown = JSON.parse(payload.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as TwinObject)
      : undefined;
  } catch {
    return undefined;
  }
}

function twinResponse(rid: string, answer: TwinAnswer): MqttMessage {
  const respond = (status: number, more: string, body: unknown): MqttMessage => ({
    topic: `${TWIN_RESPONSE_TOPIC}/${status}/?$rid=${rid}${more}`,
    payload: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
  });
  if ('refusal' in answer) {
    const { status, errorCode, message } = answer.refusal;
    return respond(status, '', { errorCode, message }); // without the code the Node SDK takes it for a success
  }
  const { desired, desiredVersion, reported, reportedVersion } = answer.twin;
  if (answer.isPatched) return respond(204, `&$version=${reportedVersion}`, undefined);
  return respond(200, '', {
    desired: { ...desired, $version: desiredVersion },
    reported: { ...reported, $version: reportedVersion },
  });
}
