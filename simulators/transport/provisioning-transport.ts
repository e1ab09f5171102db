import type { DeviceRegistration, RegistrationOperationStatus } from '../wire/device-api.ts';
import type { TlsIdentity } from './secure-context.ts';
import type { TlsEndpoint } from './tls-connection.ts';

/**
 * Where a device finds its DPS.
 *
 * `hostName` is e.g. `global.azure-devices-provisioning.net`, `port` that of HTTPS and of WebSockets.
 */
export interface DpsEndpoint extends TlsEndpoint {
  /** Of MQTT; 8883 when absent. */
  readonly mqttPort?: number | undefined;
  /** Of AMQP; 5671 when absent. */
  readonly amqpPort?: number | undefined;
  readonly idScope: string;
  readonly apiVersion: string;
}

/** What a transport is made from, for one device. */
export interface TransportOptions {
  readonly registrationId: string;
  /** Certificate and key of an X.509 device. */
  readonly tls?: TlsIdentity | undefined;
  readonly userAgent?: string | undefined;
}

/** Proof that goes with a request; an X.509 device proves itself in the TLS handshake and sends `none`. */
export type RequestProof = { readonly kind: 'none' } | { readonly kind: 'sas'; readonly token: string };

/** What the service answered to register or to a status query. */
export interface RegistrationReply {
  readonly operation: RegistrationOperationStatus;
  /** From wherever the protocol carries it; absent when the service gave none. */
  readonly retryAfterSeconds: number | undefined;
}

/**
 * One device's own connection to DPS, over one protocol.
 *
 * Every method throws `DpsServiceError` for a refusal and `TransportError` when the way there failed.
 */
export interface ProvisioningTransport extends AsyncDisposable {
  /** TCP and TLS (and what the protocol needs before the first request). */
  connect(signal: AbortSignal): Promise<void>;
  register(body: DeviceRegistration, proof: RequestProof, signal: AbortSignal): Promise<RegistrationReply>;
  queryOperation(operationId: string, proof: RequestProof, signal: AbortSignal): Promise<RegistrationReply>;
  close(): Promise<void>;
}

/** A transport that can carry the TPM challenge (HTTPS, AMQP; DPS has none over MQTT). The others lack the method. */
export interface TpmProvisioningTransport extends ProvisioningTransport {
  /**
   * Presents EK and SRK and returns the challenge.
   *
   * @returns the decoded `authenticationKey`, and the key name to sign under
   */
  requestChallenge(
    body: DeviceRegistration,
    signal: AbortSignal,
  ): Promise<{ readonly blob: Uint8Array; readonly keyName: string }>;
}

export const carriesTpm = (transport: ProvisioningTransport): transport is TpmProvisioningTransport =>
  'requestChallenge' in transport;
