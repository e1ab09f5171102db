import type { Clock } from '../kernel/clock.ts';
import type { TransportKind } from '../wire/transports.ts';
import { createAmqpTransport, createAmqpWsTransport } from './amqp.ts';
import { createHttpsTransport } from './https.ts';
import { createMqttTransport, createMqttWsTransport } from './mqtt.ts';
import type { DpsEndpoint, ProvisioningTransport, TransportOptions } from './provisioning-transport.ts';

type CreateTransport = (
  endpoint: DpsEndpoint,
  options: TransportOptions,
  clock: Clock,
) => ProvisioningTransport;

/** What native devices speak. Cheap: nothing is opened before `connect`. */
export const transports: Readonly<Record<TransportKind, CreateTransport>> = {
  https: createHttpsTransport,
  mqtt: createMqttTransport,
  'mqtt-ws': createMqttWsTransport,
  amqp: createAmqpTransport,
  'amqp-ws': createAmqpWsTransport,
};
