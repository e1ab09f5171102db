import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { PlatformKind } from '../platforms/table.ts';

/** Which device of which hub a daemon believes to be. */
export interface ProvisionedDevice {
  readonly hub: string;
  readonly deviceId: string;
}

/**
 * Where a daemon keeps what outlives a restart, below the device's own directory: the real paths, so that who knows a real
 * device finds things.
 *
 * @see reference of IoT Edge devices, chapters 2.6 and 2.8
 */
export interface DaemonLayout {
  /** The device identity that makes the next start skip DPS, or stands in when DPS fails. */
  readonly backup: string;
  /** The settings of the last successful start. */
  readonly settings: string;
  /** What the modules on the device were made for; 1.1 has none. */
  readonly provisioningState: string | undefined;
  /** From which the keys of modules are derived. */
  readonly masterKey: string;
  /** Of a device that renews its identity certificate; named by certificate id. */
  certificate(id: string): string;
  privateKey(id: string): string;
  /** Of the modules of a device; 1.1 keeps none. */
  modules(device: ProvisionedDevice): string | undefined;
}

/** Of the identity service and the edge daemon, 1.2 and later. */
export function aziotLayout(directory: string): DaemonLayout {
  const root = join(directory, 'var/lib/aziot');
  return {
    backup: join(root, 'identityd/device_info'),
    settings: join(root, 'identityd/prev_state'),
    provisioningState: join(root, 'edged/cache/provisioning_state'),
    masterKey: join(root, 'keyd/keys', `${fileNameOf('aziot_identityd_master_id')}.key`),
    certificate: (id) => join(root, 'certd/certs', `${fileNameOf(id)}.cer`),
    privateKey: (id) => join(root, 'keyd/keys', `${fileNameOf(id)}.key`),
    modules: ({ hub, deviceId }) => join(root, 'identityd/modules', `${sha256(hub)}-${sha256(deviceId)}`),
  };
}

/** Of `iotedged` 1.1. */
export function iotedgedLayout(directory: string, platform: PlatformKind): DaemonLayout {
  const root = join(directory, platform === 'windows' ? 'ProgramData/iotedge' : 'var/lib/iotedge');
  return {
    backup: join(root, 'cache/provisioning_backup.json'),
    settings: join(root, 'cache/settings_state'),
    provisioningState: undefined,
    masterKey: join(root, 'hsm/enc_keys', `${fileNameOf('iotedge_master_id')}.enc.key`),
    certificate: (id) => join(root, 'hsm/certs', `${fileNameOf(id)}.cert.pem`),
    privateKey: (id) => join(root, 'hsm/cert_keys', `${fileNameOf(id)}.key.pem`),
    modules: () => undefined,
  };
}

/** Ids become file names by what is harmless of them, and a hash that tells them apart. */
export const fileNameOf = (id: string): string => `${id.replaceAll(/[^A-Za-z0-9]/g, '')}-${sha256(id)}`;

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
