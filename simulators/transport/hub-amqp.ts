import type { Duplex } from 'node:stream';
import rhea from 'rhea';
import { DpsServiceError, HubServiceError, TransportError } from '../kernel/errors.ts';
import { AMQP_PORT, AMQP_SUBPROTOCOL } from '../wire/amqp.ts';
import {
  CBS_ADDRESS,
  CBS_OPERATION,
  CBS_STATUS_CODE,
  CBS_STATUS_DESCRIPTION,
  CBS_TOKEN_TYPE,
  eventsAddress,
} from '../wire/hub-amqp.ts';
import { AmqpSession } from './amqp-session.ts';
import type { HubDeviceOptions, HubEndpoint, HubTransport } from './hub-transport.ts';
import { secureContextFor } from './secure-context.ts';
import { openTlsConnection } from './tls-connection.ts';
import { openWebSocket } from './web-socket.ts';

type OpenStream = (signal: AbortSignal) => Promise<Duplex>;

/** A device's own AMQP connection to its hub, over TLS. */
export function createHubAmqpTransport(endpoint: HubEndpoint, device: HubDeviceOptions): HubTransport {
  const secureContext = secureContextFor(endpoint, device.tls);
  const dialled = { ...endpoint, port: endpoint.amqpPort ?? AMQP_PORT };
  return createHubAmqpOver((signal) => openTlsConnection(dialled, secureContext, signal), device);
}

/** The same inside a WebSocket, on the port of HTTPS. */
export function createHubAmqpWsTransport(endpoint: HubEndpoint, device: HubDeviceOptions): HubTransport {
  const secureContext = secureContextFor(endpoint, device.tls);
  return createHubAmqpOver(
    (signal) => openWebSocket(endpoint, { secureContext, subprotocol: AMQP_SUBPROTOCOL }, signal),
    device,
  );
}

/** @see Azure IoT Hub, AMQP: without SASL; a token goes through `$cbs`, a certificate with the TLS handshake */
function createHubAmqpOver(open: OpenStream, { hub, deviceId, userAgent }: HubDeviceOptions): HubTransport {
  const events = eventsAddress(deviceId);
  const linkProperties = userAgent === undefined ? {} : { 'com.microsoft:client-version': userAgent };
  let session: AmqpSession | undefined;
  const close = async (): Promise<void> => {
    await session?.close();
    session = undefined;
  };
  return {
    connect: async (proof, signal) => {
      await close();
      const common = { hostName: hub, containerId: deviceId, linkProperties, mechanisms: undefined };
      const stream = await open(signal);
      const isToken = proof.kind === 'sas';
      session = new AmqpSession(
        stream,
        isToken ? { ...common, address: CBS_ADDRESS } : { ...common, address: events, receives: false },
      );
      await asHub(isToken ? putToken(session, proof.token, hub, deviceId, signal) : session.ready(signal));
    },
    sendTelemetry: async ({ body, properties }, signal) => {
      if (session === undefined) {
        throw new TransportError('receive', 'NOT_CONNECTED', 'the device has no connection to its hub');
      }
      const message = {
        to: events,
        application_properties: { ...properties },
        body: rhea.message.data_section(Buffer.from(body)) as unknown,
      };
      await asHub(session.post(events, message, signal));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function putToken(
  session: AmqpSession,
  token: string,
  hub: string,
  deviceId: string,
  signal: AbortSignal,
): Promise<void> {
  const name = encodeURIComponent(`${hub}/devices/${deviceId}`);
  const { application_properties: answer } = await session.request(
    {
      to: CBS_ADDRESS,
      reply_to: 'cbs',
      application_properties: { operation: CBS_OPERATION, type: CBS_TOKEN_TYPE, name },
      body: token,
    },
    signal,
  );
  const { [CBS_STATUS_CODE]: status, [CBS_STATUS_DESCRIPTION]: description } = answer ?? {};
  if (status === 200) return;
  throw hubError(Number(status) || 401, String(description));
}

/** What the session reports of any service, in the words of a hub. */
async function asHub(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (thrown) {
    if (thrown instanceof DpsServiceError) throw hubError(thrown.status, thrown.message, { cause: thrown });
    throw thrown;
  }
}

/** AMQP carries a condition where other protocols have the hub's own name. */
const errorNames: Readonly<Record<number, string>> = {
  401: 'IotHubUnauthorizedAccess',
  404: 'DeviceNotFound',
  413: 'MessageTooLarge',
};

const hubError = (status: number, message: string, options?: ErrorOptions): HubServiceError =>
  new HubServiceError({ status, errorName: errorNames[status], message }, options);
