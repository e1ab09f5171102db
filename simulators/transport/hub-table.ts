import type { TransportKind } from '../wire/transports.ts';
import { createHubAmqpTransport, createHubAmqpWsTransport } from './hub-amqp.ts';
import { createHubHttpsTransport } from './hub-https.ts';
import { createHubMqttTransport, createHubMqttWsTransport } from './hub-mqtt.ts';
import type { HubDeviceOptions, HubEndpoint, HubTransport } from './hub-transport.ts';

type CreateHubTransport = (endpoint: HubEndpoint, device: HubDeviceOptions) => HubTransport;

/** How native devices speak to their hub, by the transport that took them to DPS. Cheap: nothing is opened before `connect`. */
export const hubTransports: Readonly<Record<TransportKind, CreateHubTransport>> = {
  https: createHubHttpsTransport,
  mqtt: createHubMqttTransport,
  'mqtt-ws': createHubMqttWsTransport,
  amqp: createHubAmqpTransport,
  'amqp-ws': createHubAmqpWsTransport,
};
