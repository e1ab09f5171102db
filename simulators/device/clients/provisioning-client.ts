import type { DeviceFault } from '../../faults/device-fault.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { TokenHost } from '../../pkcs11/token-host.ts';
import type { KeyEvidence } from '../../security/key-use.ts';
import type { TpmHost } from '../../tpm/tpm-host.ts';
import type { HubDevice } from '../../transport/hub-transport.ts';
import type { DpsEndpoint } from '../../transport/provisioning-transport.ts';
import type { AttemptRecorder } from '../attempt-recorder.ts';
import type { DeviceCredentials, DeviceSpec } from '../device-spec.ts';
import type { DeviceResult } from '../device-trace.ts';
import type { SentProof } from '../evidence/collect-evidence.ts';
import type { EdgeSettings } from '../platforms/edge-settings.ts';
import type { RetryPolicy } from '../retry-policy.ts';

/** The software on a device that talks to DPS. */
export interface ProvisioningClient extends AsyncDisposable {
  /** Everything that needs no network: opens the security hardware, parses keys. May be called again after a failure. */
  prepare(signal: AbortSignal): Promise<void>;
  /**
   * One whole registration, over a connection of its own that is closed in the end.
   *
   * @param signal also carries the attempt's deadline
   * @throws peer errors: what was refused, broke, or took too long
   */
  register(recorder: AttemptRecorder, signal: AbortSignal): Promise<DeviceResult>;
  /**
   * Connects to a hub with what the device holds now, sends one message and closes the connection.
   *
   * @throws peer errors, as above
   */
  sendTelemetry(device: HubDevice, recorder: AttemptRecorder, signal: AbortSignal): Promise<void>;
  /** Of a key that is in a token, once the client is prepared. */
  readonly keyEvidence: KeyEvidence | undefined;
}

/** What a client is made from, with every default filled in. */
export interface ClientSetup {
  readonly spec: DeviceSpec;
  readonly credentials: DeviceCredentials;
  /** As the device believes it to be: a fault may have changed the idScope. */
  readonly endpoint: DpsEndpoint;
  readonly fault: DeviceFault | undefined;
  readonly tpms: TpmHost | undefined;
  readonly tokens: TokenHost | undefined;
  readonly clock: Clock;
  readonly seed: number;
  readonly retryPolicy: RetryPolicy;
  /** See `pollDelayMs`. */
  readonly pollJitter: number;
  readonly userAgent: string | undefined;
  /** Takes what the client shows to DPS, for a diagnosis. Absent: nobody asks. */
  readonly sent?: SentProof | undefined;
  /** For the client `iot-edge`. */
  readonly edge: EdgeSettings;
}

export type CreateClient = (setup: ClientSetup) => ProvisioningClient;
