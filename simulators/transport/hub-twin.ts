import type { Duplex } from 'node:stream';
import { HubServiceError } from '../kernel/errors.ts';
import {
  hubUserName,
  TWIN_REPORTED_TOPIC,
  TWIN_RESPONSE_FILTER,
  TWIN_RESPONSE_TOPIC,
} from '../wire/hub-mqtt.ts';
import { MQTT_SUBPROTOCOL } from '../wire/mqtt.ts';
import { standardPorts } from '../wire/transports.ts';
import type { HubDevice, HubEndpoint } from './hub-transport.ts';
import { connackRefusal, MqttSession } from './mqtt-session.ts';
import { secureContextFor } from './secure-context.ts';
import { openTlsConnection } from './tls-connection.ts';
import { openWebSocket } from './web-socket.ts';

/** A module of a device, as it comes to its hub. */
export interface ReportingModule extends HubDevice {
  readonly moduleId: string;
  /** Signed with the module's own key. */
  readonly token: string;
  /** Goes into the user name, as product and platform of the edge runtime do. */
  readonly userAgent?: string | undefined;
}

/**
 * Connects as a module over MQTT, through a proxy in a WebSocket, merges properties into what its twin reports, and closes the connection.
 *
 * @throws HubServiceError when the hub refuses the module or the properties, TransportError
 * @see Azure IoT Hub, MQTT: `$iothub/twin/PATCH/properties/reported`
 */
export async function reportProperties(
  endpoint: HubEndpoint,
  { hub, deviceId, moduleId, token, userAgent }: ReportingModule,
  properties: Readonly<Record<string, unknown>>,
  signal: AbortSignal,
): Promise<void> {
  const session = new MqttSession(await openStream(endpoint, signal));
  try {
    const clientId = `${deviceId}/${moduleId}`;
    const userName = hubUserName(hub, clientId, userAgent);
    const refusal = connackRefusal(await session.connect({ clientId, userName, password: token }, signal));
    if (refusal !== undefined) throw new HubServiceError(refusal);
    await session.subscribe(TWIN_RESPONSE_FILTER, signal);
    const payload = Buffer.from(JSON.stringify(properties));
    const answer = await session.request(
      { topic: `${TWIN_REPORTED_TOPIC}/?$rid=1`, payload },
      (topic) => topic.startsWith(`${TWIN_RESPONSE_TOPIC}/`),
      signal,
    );
    const status = Number(answer.topic.slice(TWIN_RESPONSE_TOPIC.length + 1).split('/')[0]);
    if (status >= 300) throw new HubServiceError({ status, message: answer.payload.toString('utf8') });
  } finally {
    await session.close();
  }
}

/** Behind a proxy the edge runtime is to be told to use WebSockets (`UpstreamProtocol`). */
function openStream(endpoint: HubEndpoint, signal: AbortSignal): Promise<Duplex> {
  const secureContext = secureContextFor(endpoint, undefined);
  if (endpoint.proxy !== undefined) {
    return openWebSocket(endpoint, { secureContext, subprotocol: MQTT_SUBPROTOCOL }, signal);
  }
  const dialled = { ...endpoint, port: endpoint.mqttPort ?? standardPorts.mqtt };
  return openTlsConnection(dialled, secureContext, signal);
}
