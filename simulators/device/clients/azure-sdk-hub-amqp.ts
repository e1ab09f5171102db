import amqp from 'azure-iot-device-amqp'; // CommonJS whose names Node cannot see from outside
import { untilAborted } from '../../kernel/deadline.ts';
import { HubServiceError, RigError, toError } from '../../kernel/errors.ts';
import { amqpServiceError } from '../../transport/amqp-answer.ts';
import { hubEndpoint } from '../../transport/hub-transport.ts';
import { connectError, type TlsEndpoint } from '../../transport/tls-connection.ts';
import { ObservedAmqpBase } from './azure-sdk-amqp-base.ts';
import { DeviceAgent } from './azure-sdk-http.ts';
import { clientFor, loadDeviceSdk, messageOf, type SdkTelemetry } from './azure-sdk-hub.ts';

/**
 * Sends one message with `azure-iot-device` over `azure-iot-device-amqp`, unmodified, on a connection of its own.
 *
 * @throws HubServiceError with the status that the condition stands for, TransportError
 */
export async function sendSdkTelemetryOverAmqp(
  kind: 'amqp' | 'amqp-ws',
  { device, registrationId, proof, signal, ...request }: SdkTelemetry,
): Promise<void> {
  const { recorder, clock } = request;
  const { Client, Message } = await loadDeviceSdk();
  const endpoint = hubEndpoint(request.endpoint, device.hub);
  const crash = Promise.withResolvers<never>();
  crash.promise.catch(() => undefined); // looked at while something is waited for, see below
  const setup = { ...request, endpoint, phase: 'hub-connect', autoSettles: false } as const;
  const base = new ObservedAmqpBase({ ...setup, onFailure: crash.reject });
  // The class for WebSockets takes no layer below: there an agent dials.
  const webSocketAgent = new DeviceAgent(endpoint, setup);
  const connectedAtMs = (): number | undefined => base.connectedAtMs ?? webSocketAgent.connectedAtMs;
  /** The SDK makes its transport itself; this hands it the layer below. */
  class OnOurConnection extends amqp.Amqp {
    constructor(provider: ConstructorParameters<typeof amqp.Amqp>[0]) {
      // The package has a copy of the declarations of the base package: the same class, declared twice.
      super(provider, base);
    }
  }
  const client = clientFor(Client, device, proof, kind === 'amqp' ? OnOurConnection : amqp.AmqpWs);
  client.on('error', () => undefined); // told by every promise too; without a listener it would be thrown
  const done = <T>(work: Promise<T>): Promise<T> => untilAborted(Promise.race([work, crash.promise]), signal);
  try {
    const identity = proof.kind === 'certificate' ? { cert: proof.cert, key: proof.key } : {};
    await done(client.setOptions({ ...identity, ...(kind === 'amqp' ? {} : { amqp: { webSocketAgent } }) }));
    const begunMs = clock.monotonicMs();
    await done(client.open());
    recorder.add('hub-connect', 'hub.connect', connectedAtMs() ?? begunMs);
    const message = messageOf(Message, registrationId);
    await recorder.time('telemetry', 'hub.telemetry', () => done(client.sendEvent(message)));
    await done(client.close()).catch(() => undefined); // the message has arrived
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    throw failureOf(thrown, connectedAtMs() !== undefined, endpoint);
  } finally {
    base.close();
    webSocketAgent.close();
  }
}

/** The SDK translates conditions into classes of its own, and keeps what it translated. */
function failureOf(thrown: unknown, connected: boolean, endpoint: TlsEndpoint): RigError {
  if (thrown instanceof RigError) return thrown;
  const error = toError(thrown) as NodeJS.ErrnoException & { amqpError?: unknown };
  const below = error.amqpError ?? error;
  if (typeof (below as { condition?: unknown }).condition === 'string') {
    return new HubServiceError({ status: amqpServiceError(below).status, message: error.message });
  }
  // The package may have a copy of the error classes of its own: their names are what they have in common.
  if (below.constructor.name === 'UnauthorizedError') {
    return new HubServiceError({ status: 401, message: error.message });
  }
  return connectError(error, connected ? 'receive' : 'tls', endpoint);
}
