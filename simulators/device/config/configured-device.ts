import { InvariantError } from '../../kernel/errors.ts';
import type { TokenHost } from '../../pkcs11/token-host.ts';
import type { TpmHost } from '../../tpm/tpm-host.ts';
import type { AttestationMechanism } from '../../wire/enrollment.ts';
import type { DeviceCredentials, DeviceSpec } from '../device-spec.ts';
import type { EdgeSettings } from '../platforms/edge-settings.ts';
import { openCredentials } from './configured-credentials.ts';
import type { DeviceFiles } from './device-files.ts';
import type { EdgeConfig } from './edge-config.ts';

/** The simulated device that a configuration comes to, with the hardware that it needs. */
export interface OpenedDevice extends AsyncDisposable {
  readonly spec: DeviceSpec;
  readonly credentials: DeviceCredentials;
  readonly tpms: TpmHost | undefined;
  readonly tokens: TokenHost | undefined;
  /** What the daemon is told beyond its identity. */
  readonly settings: EdgeSettings;
  /** What an enrollment or a hub has to know of it; undefined where only a token knows the key. */
  readonly attestation: AttestationMechanism | undefined;
  /** For people: what stands in for what. */
  readonly remarks: readonly string[];
}

/**
 * Makes the device of a configuration for DPS or a hub.
 *
 * @throws ConfigError for files that cannot be read, or when the device has no registration id in the end
 * @throws EnvironmentError when its TPM cannot be had
 */
export async function openConfiguredDevice(
  config: EdgeConfig,
  files: DeviceFiles,
  signal: AbortSignal,
): Promise<OpenedDevice> {
  const { provisioning } = config;
  if (provisioning.source !== 'manual' && provisioning.source !== 'dps') {
    throw new InvariantError(`a device of source ${provisioning.source} has nobody to prove itself to`);
  }
  const { credential } = provisioning;
  await using resources = new AsyncDisposableStack();
  const written = provisioning.source === 'manual' ? provisioning.deviceId : provisioning.registrationId;
  const opened = await openCredentials(credential, { config, files, commonName: written, resources, signal });
  const registrationId = written ?? opened.registrationId;
  if (registrationId === undefined) throw new InvariantError('the device has no registration id');
  const kept = resources.move();
  return {
    spec: {
      index: 0,
      registrationId,
      attestation: credential.kind,
      enrollment: provisioning.source === 'manual' ? 'manual' : 'individual',
      keyStore: opened.keyStore,
      transport: 'https',
      client: 'iot-edge',
      platform: config.platform,
      version: config.version,
    },
    credentials: opened.credentials,
    tpms: opened.tpms,
    tokens: opened.tokens,
    settings: await settingsOf(config, files),
    attestation: opened.attestation,
    remarks: opened.remarks,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

async function settingsOf({ provisioning, cloud }: EdgeConfig, files: DeviceFiles): Promise<EdgeSettings> {
  const settings = { cloudTimeoutSeconds: cloud.timeoutSeconds, cloudRetries: cloud.retries };
  if (provisioning.source !== 'dps') return settings;
  const { payloadPath, globalEndpoint } = provisioning;
  const endpointPath = new URL(globalEndpoint).pathname;
  if (payloadPath === undefined) return { ...settings, endpointPath };
  const payload: unknown = JSON.parse(new TextDecoder().decode(await files.read(payloadPath)));
  return { ...settings, endpointPath, payload };
}
