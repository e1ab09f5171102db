import mqtt from 'azure-iot-device-mqtt'; // CommonJS whose names Node cannot see from outside
import { untilAborted } from '../../kernel/deadline.ts';
import { HubServiceError, RigError, toError } from '../../kernel/errors.ts';
import { hubEndpoint } from '../../transport/hub-transport.ts';
import { connackRefusal } from '../../transport/mqtt-session.ts';
import { connectError, type TlsEndpoint } from '../../transport/tls-connection.ts';
import { clientFor, loadDeviceSdk, messageOf, type SdkTelemetry } from './azure-sdk-hub.ts';
import { ObservedBase } from './azure-sdk-mqtt-base.ts';

/**
 * Sends one message with `azure-iot-device` over `azure-iot-device-mqtt`, unmodified, on a connection of its own.
 *
 * @throws HubServiceError with the status that the return code of CONNACK stands for, TransportError
 */
export async function sendSdkTelemetryOverMqtt(
  kind: 'mqtt' | 'mqtt-ws',
  { device, registrationId, proof, signal, ...request }: SdkTelemetry,
): Promise<void> {
  const { recorder, clock } = request;
  const { Client, Message } = await loadDeviceSdk();
  const endpoint = hubEndpoint(request.endpoint, device.hub);
  const crash = Promise.withResolvers<never>();
  crash.promise.catch(() => undefined); // looked at while something is waited for, see below
  const base = new ObservedBase(kind, {
    ...{ ...request, endpoint, phase: 'hub-connect', onFailure: crash.reject },
  });
  const Transport = kind === 'mqtt' ? mqtt.Mqtt : mqtt.MqttWs;
  /** The SDK makes its transport itself; this hands it the layer below. */
  class OnOurConnection extends Transport {
    constructor(provider: ConstructorParameters<typeof Transport>[0]) {
      super(provider, base);
    }
  }
  const client = clientFor(Client, device, proof, OnOurConnection);
  client.on('error', () => undefined); // told by every promise too; without a listener it would be thrown
  const done = <T>(work: Promise<T>): Promise<T> => untilAborted(Promise.race([work, crash.promise]), signal);
  try {
    if (proof.kind === 'certificate') await done(client.setOptions({ cert: proof.cert, key: proof.key }));
    const begunMs = clock.monotonicMs();
    await done(client.open());
    recorder.add('hub-connect', 'hub.connect', base.connectedAtMs ?? begunMs);
    await recorder.time('telemetry', 'hub.telemetry', () =>
      done(client.sendEvent(messageOf(Message, registrationId))),
    );
    await done(client.close()).catch(() => undefined); // the message has arrived
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    throw failureOf(thrown, base, endpoint);
  } finally {
    base.close();
  }
}

/** The SDK translates what went wrong into classes of its own; what came from below says more. */
function failureOf(thrown: unknown, base: ObservedBase, endpoint: TlsEndpoint): RigError {
  if (thrown instanceof RigError) return thrown;
  const error = toError(base.connectFailure ?? thrown) as Error & { code?: unknown };
  const refusal = typeof error.code === 'number' ? connackRefusal(error.code) : undefined;
  if (refusal !== undefined) return new HubServiceError(refusal);
  return connectError(
    error as NodeJS.ErrnoException,
    base.connectedAtMs === undefined ? 'tls' : 'receive',
    endpoint,
  );
}
