import type { TransportKind } from '../device-spec.ts';
import { type SdkTelemetry, sendSdkTelemetry } from './azure-sdk-hub.ts';

type SendSdkTelemetry = (request: SdkTelemetry) => Promise<void>;

const https = () => Promise.resolve(sendSdkTelemetry);

const mqtt = (kind: 'mqtt' | 'mqtt-ws') => async (): Promise<SendSdkTelemetry> => {
  const { sendSdkTelemetryOverMqtt } = await import('./azure-sdk-hub-mqtt.ts');
  return (request) => sendSdkTelemetryOverMqtt(kind, request);
};

const amqp = (kind: 'amqp' | 'amqp-ws') => async (): Promise<SendSdkTelemetry> => {
  const { sendSdkTelemetryOverAmqp } = await import('./azure-sdk-hub-amqp.ts');
  return (request) => sendSdkTelemetryOverAmqp(kind, request);
};

/** How the official SDK speaks to a hub. Loads the package of a transport, when the first device needs it. */
export const sdkHubTransports: Readonly<Record<TransportKind, () => Promise<SendSdkTelemetry>>> = {
  https,
  mqtt: mqtt('mqtt'),
  'mqtt-ws': mqtt('mqtt-ws'),
  amqp: amqp('amqp'),
  'amqp-ws': amqp('amqp-ws'),
};
