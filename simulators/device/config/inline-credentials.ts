import type { EdgeVersion } from '../platforms/profiles.ts';
import type { ConfigTable } from './config-table.ts';
import { parseConnectionString } from './connection-string.ts';
import type { KeySource, ProvisioningConfig } from './edge-config.ts';
import { decodeKeyText } from './symmetric-key-text.ts';

/**
 * Reads a connection string at a key, as a version does.
 *
 * @throws ConfigError
 */
export function readDeviceConnection(
  table: ConfigTable,
  key: string,
  version: EdgeVersion,
): ProvisioningConfig {
  const parsed = parseConnectionString(table.string(key), version);
  if (parsed.kind === 'wrong') throw table.problem('CONFIG_VALUE', key, parsed);
  const { connection } = parsed;
  if (connection.ignored.length > 0) {
    const gateway = connection.ignored.includes('GatewayHostName') && version !== '1.1';
    const instead = gateway ? '; for a parent there is parent_hostname' : '';
    table.notice('ignored-part', key, `its ${connection.ignored.join(' and ')} is passed over${instead}`);
  }
  return {
    source: 'manual',
    hubHostName: connection.hostName,
    deviceId: connection.deviceId,
    credential: { kind: 'symmetric-key', key: { kind: 'inline', key: connection.key } },
  };
}

/**
 * Reads a symmetric key that stands in the file as base64.
 *
 * @throws ConfigError
 */
export function readInlineKey(table: ConfigTable, name: string): KeySource {
  const key = decodeKeyText(table.string(name));
  if (key !== undefined) return { kind: 'inline', key };
  throw table.problem('CONFIG_VALUE', name, { message: 'is not base64', expected: 'the key as base64' });
}
