import { createHash } from 'node:crypto';
import { z } from 'zod';
import { CodecError } from '../../kernel/errors.ts';
import type { BackupFormat } from './daemon-state.ts';

/** `device_info` of the identity service: TOML with three texts. A device without a parent is its own gateway's client. */
export const deviceInfoFormat: BackupFormat = {
  write: ({ hub, deviceId }) =>
    [
      `hub_name = ${JSON.stringify(hub)}`,
      `local_gateway_hostname = ${JSON.stringify(hub)}`,
      `device_id = ${JSON.stringify(deviceId)}`,
      '',
    ].join('\n'),
  read: (text) => {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    const fields = new Map(lines.map((line) => tomlText(line)));
    const field = (name: string): string => {
      const value = fields.get(name);
      if (value === undefined) throw new CodecError('device_info', 0, `the key ${name}`);
      return value;
    };
    return { hub: field('hub_name'), deviceId: field('device_id') };
  },
  writeSettings: ({ source, globalEndpoint, scopeId, registrationId, attestation }) =>
    [
      '[provisioning]',
      `source = "${source}"`,
      `global_endpoint = ${JSON.stringify(`https://${globalEndpoint}/`)}`,
      `scope_id = ${JSON.stringify(scopeId)}`,
      '',
      '[provisioning.attestation]',
      `method = ${JSON.stringify(attestation.replace('-', '_'))}`,
      `registration_id = ${JSON.stringify(registrationId)}`,
      '',
    ].join('\n'),
};

/** `provisioning_backup.json` of 1.1. */
export const provisioningBackupFormat: BackupFormat = {
  write: ({ hub, deviceId }) => JSON.stringify({ device_id: deviceId, hub_name: hub }),
  read: (text) => {
    const { hub_name: hub, device_id: deviceId } = provisioningBackup.parse(JSON.parse(text));
    return { hub, deviceId };
  },
  // A hash is all that 1.1 keeps: it compares, and never reads them back.
  writeSettings: (settings) => createHash('sha256').update(JSON.stringify(settings)).digest('base64'),
};

const provisioningBackup = z.object({ device_id: z.string().min(1), hub_name: z.string().min(1) });

/** The daemon writes basic strings only, and those are JSON strings too. */
function tomlText(line: string): [string, string] {
  const { name, value } = /^\s*(?<name>\w+)\s*=\s*(?<value>".*")\s*$/.exec(line)?.groups ?? {};
  if (name === undefined || value === undefined) throw new CodecError('device_info', 0, 'key = "text"');
  return [name, String(JSON.parse(value))];
}
