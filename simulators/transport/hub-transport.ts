import type { DpsEndpoint, RequestProof } from './provisioning-transport.ts';
import type { TlsIdentity } from './secure-context.ts';
import type { TlsEndpoint } from './tls-connection.ts';

/** A message from a device to its hub. */
export interface Telemetry {
  readonly body: string;
  /** Application properties. */
  readonly properties: Readonly<Record<string, string>>;
}

/**
 * One device's own connection to its IoT Hub, over one protocol.
 *
 * Every method throws `HubServiceError` for a refusal and `TransportError` when the way there failed.
 */
export interface HubTransport extends AsyncDisposable {
  /** TCP and TLS, and for protocols that have one, the sign-in. */
  connect(proof: RequestProof, signal: AbortSignal): Promise<void>;
  sendTelemetry(message: Telemetry, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Which device of which hub. */
export interface HubDevice {
  readonly hub: string;
  readonly deviceId: string;
}

/** What a transport is made from, for one device. */
export interface HubDeviceOptions extends HubDevice {
  /** Certificate and key of an X.509 device. */
  readonly tls?: TlsIdentity | undefined;
  readonly userAgent?: string | undefined;
}

/** Where a device finds its hub; `port` is that of HTTPS and of WebSockets. */
export type HubEndpoint = TlsEndpoint & Pick<DpsEndpoint, 'mqttPort' | 'amqpPort'>;

/**
 * Where a hub is found: under its own name, and where DPS was reached at a given address, at that address too. The same
 * object for the same hub, as what is parsed from it is kept with it.
 */
export function hubEndpoint(dps: DpsEndpoint, hub: string): HubEndpoint {
  const known = endpoints.get(dps) ?? new Map<string, HubEndpoint>();
  endpoints.set(dps, known);
  const { address, port, mqttPort, amqpPort, caPem, proxy } = dps;
  const endpoint = known.get(hub) ?? {
    ...{ hostName: hub, address, port, mqttPort, amqpPort, caPem, proxy },
  };
  known.set(hub, endpoint);
  return endpoint;
}

const endpoints = new WeakMap<DpsEndpoint, Map<string, HubEndpoint>>();
