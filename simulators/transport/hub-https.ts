import { HUB_API_VERSION, HUB_PROPERTY_PREFIX } from '../wire/hub-api.ts';
import { hubRefusal } from './hub-refusal.ts';
import type { HubDeviceOptions, HubTransport } from './hub-transport.ts';
import { hostHeader, KeptConnection } from './kept-connection.ts';
import type { RequestProof } from './provisioning-transport.ts';
import { secureContextFor } from './secure-context.ts';
import type { TlsEndpoint } from './tls-connection.ts';

/**
 * A device's own HTTPS connection to its hub; the proof goes with every request.
 *
 * @see Azure IoT Hub device API: POST /devices/{deviceId}/messages/events
 */
export function createHubHttpsTransport(
  endpoint: TlsEndpoint,
  { deviceId, tls, userAgent }: HubDeviceOptions,
): HubTransport {
  const connection = new KeptConnection(endpoint, secureContextFor(endpoint, tls));
  const path = `/devices/${encodeURIComponent(deviceId)}/messages/events`;
  let proof: RequestProof = { kind: 'none' };
  return {
    connect: (given, signal) => {
      proof = given;
      return connection.open(signal);
    },
    sendTelemetry: async ({ body, properties }, signal) => {
      const headers = {
        Host: hostHeader(endpoint),
        'iothub-to': path,
        'Content-Length': Buffer.byteLength(body),
        ...(proof.kind === 'sas' ? { Authorization: proof.token } : {}),
        ...(userAgent === undefined ? {} : { 'User-Agent': userAgent }),
        ...Object.fromEntries(
          Object.entries(properties).map(([name, value]) => [HUB_PROPERTY_PREFIX + name, value]),
        ),
      };
      const request = { method: 'POST', path: `${path}?api-version=${HUB_API_VERSION}`, headers, body };
      const response = await connection.exchange(request, signal);
      if (response.status >= 300) throw hubRefusal(response);
    },
    close: () => connection.close(),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}
