import type { Client as SdkClient, Message as SdkMessage } from 'azure-iot-device';
import type { Http as DeviceHttp } from 'azure-iot-device-http/dist/http.js';
import { Http as AzureHttp } from 'azure-iot-http-base';
import { untilAborted } from '../../kernel/deadline.ts';
import { HubServiceError, toError } from '../../kernel/errors.ts';
import { type HubDevice, hubEndpoint } from '../../transport/hub-transport.ts';
import type { DpsEndpoint } from '../../transport/provisioning-transport.ts';
import { connectError } from '../../transport/tls-connection.ts';
import { telemetryOf } from '../telemetry.ts';
import { DeviceAgent, type HttpObservers } from './azure-sdk-http.ts';
import type { HubProof } from './azure-sdk-security.ts';

/** What one message of the official SDK needs to know. */
export interface SdkTelemetry extends Omit<HttpObservers, 'onCrash'> {
  readonly device: HubDevice;
  readonly registrationId: string;
  readonly endpoint: DpsEndpoint;
  readonly proof: HubProof;
  readonly signal: AbortSignal;
}

/**
 * Sends one message with `azure-iot-device` over `azure-iot-device-http`, unmodified, on a connection of its own.
 *
 * @throws HubServiceError with the status that the SDK translated, TransportError
 */
export async function sendSdkTelemetry(request: SdkTelemetry): Promise<void> {
  const { device, registrationId, proof, recorder, clock, signal } = request;
  const [{ Client, Message }, Http] = await Promise.all([loadDeviceSdk(), loadHttp()]);
  const endpoint = hubEndpoint(request.endpoint, device.hub);
  const agent = new DeviceAgent(endpoint, { ...request, phase: 'hub-connect' });
  const http = new AzureHttp();
  http.setOptions({ http: { agent } });
  /** The SDK makes its transport itself; this hands it the layer below. */
  class OnOurConnection extends Http {
    constructor(provider: ConstructorParameters<typeof Http>[0]) {
      super(provider, http);
    }
  }
  const client = clientFor(Client, device, proof, OnOurConnection);
  if (proof.kind === 'certificate') {
    // Over HTTP its promise stays pending for ever, though all is set when the call returns.
    void client.setOptions({ cert: proof.cert, key: proof.key, http: { agent } });
  }
  const message = messageOf(Message, registrationId);
  const begunMs = clock.monotonicMs();
  try {
    await untilAborted(client.sendEvent(message), signal);
    recorder.add('telemetry', 'hub.telemetry', Math.max(begunMs, agent.connectedAtMs ?? begunMs));
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    const error = toError(thrown) as NodeJS.ErrnoException & { response?: { statusCode?: number } };
    const status = error.response?.statusCode;
    if (status !== undefined) throw new HubServiceError({ status, message: error.message });
    throw connectError(error, agent.connectedAtMs === undefined ? 'tls' : 'receive', endpoint);
  } finally {
    agent.close();
    await client.close().catch(() => undefined); // it was open for one message
  }
}

/** The SDK's client for a device that shows a token or a certificate; the latter's options are still to be set. */
export const clientFor = (
  Client: typeof SdkClient,
  { hub, deviceId }: HubDevice,
  proof: HubProof,
  Transport: Parameters<(typeof SdkClient)['fromConnectionString']>[1],
): SdkClient =>
  proof.kind === 'sas'
    ? Client.fromSharedAccessSignature(proof.token, Transport)
    : Client.fromConnectionString(`HostName=${hub};DeviceId=${deviceId};x509=true`, Transport);

/** The one message of a device, in the SDK's form. */
export function messageOf(Message: typeof SdkMessage, registrationId: string): SdkMessage {
  const { body, properties } = telemetryOf(registrationId);
  const message = new Message(body);
  for (const [name, value] of Object.entries(properties)) message.properties.add(name, value);
  return message;
}

/** Loaded when the first device needs it. CommonJS, whose names Node cannot all see from outside. */
export async function loadDeviceSdk() {
  const { default: device } = await import('azure-iot-device');
  return { Client: device.Client, Message: device.Message };
}

async function loadHttp() {
  const { default: http } = await import('azure-iot-device-http');
  // Its declarations have a module where the package has the class.
  return http.Http as unknown as typeof DeviceHttp;
}
