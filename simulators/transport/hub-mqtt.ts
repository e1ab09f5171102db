import type { Duplex } from 'node:stream';
import { HubServiceError, TransportError } from '../kernel/errors.ts';
import { eventsTopic, formatPropertyBag, hubUserName } from '../wire/hub-mqtt.ts';
import { MQTT_SUBPROTOCOL } from '../wire/mqtt.ts';
import { standardPorts } from '../wire/transports.ts';
import type { HubDeviceOptions, HubEndpoint, HubTransport } from './hub-transport.ts';
import { connackRefusal, MqttSession } from './mqtt-session.ts';
import { secureContextFor } from './secure-context.ts';
import { openTlsConnection } from './tls-connection.ts';
import { openWebSocket } from './web-socket.ts';

type OpenStream = (signal: AbortSignal) => Promise<Duplex>;

/** A device's own MQTT connection to its hub, over TLS. */
export function createHubMqttTransport(endpoint: HubEndpoint, device: HubDeviceOptions): HubTransport {
  const secureContext = secureContextFor(endpoint, device.tls);
  const dialled = { ...endpoint, port: endpoint.mqttPort ?? standardPorts.mqtt };
  return createHubMqttOver((signal) => openTlsConnection(dialled, secureContext, signal), device);
}

/** The same inside a WebSocket, on the port of HTTPS. */
export function createHubMqttWsTransport(endpoint: HubEndpoint, device: HubDeviceOptions): HubTransport {
  const secureContext = secureContextFor(endpoint, device.tls);
  return createHubMqttOver(
    (signal) => openWebSocket(endpoint, { secureContext, subprotocol: MQTT_SUBPROTOCOL }, signal),
    device,
  );
}

/** @see Azure IoT Hub, MQTT: the proof comes once, with CONNECT; a message is a hub's when it is acknowledged */
function createHubMqttOver(open: OpenStream, { hub, deviceId, userAgent }: HubDeviceOptions): HubTransport {
  let session: MqttSession | undefined;
  const close = async (): Promise<void> => {
    await session?.close();
    session = undefined;
  };
  return {
    connect: async (proof, signal) => {
      await close();
      const begun = new MqttSession(await open(signal));
      session = begun;
      const returnCode = await begun.connect(
        {
          clientId: deviceId,
          userName: hubUserName(hub, deviceId, userAgent),
          password: proof.kind === 'sas' ? proof.token : undefined,
        },
        signal,
      );
      const refusal = connackRefusal(returnCode);
      if (refusal !== undefined) throw new HubServiceError(refusal);
    },
    sendTelemetry: async ({ body, properties }, signal) => {
      if (session === undefined) {
        throw new TransportError('receive', 'NOT_CONNECTED', 'the device has no connection to its hub');
      }
      const topic = `${eventsTopic(deviceId)}/${formatPropertyBag(properties)}`;
      await session.publish({ topic, payload: Buffer.from(body) }, signal);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
