import { ConfigError } from '../../kernel/errors.ts';
import { type Position, parseToml } from '../../kernel/toml.ts';
import { type EdgeVersion, edgeProfiles } from '../platforms/profiles.ts';
import { type ConfigTable, readTables } from './config-table.ts';
import type { EdgeConfig, KeySource, ProvisioningConfig, ReaderOptions } from './edge-config.ts';
import { parseKeyLocation } from './key-location.ts';
import { readProvisioning } from './super-config-provisioning.ts';
import { readTpmSettings } from './super-config-tpm.ts';

/** Tables and keys that the device knows and that have nothing to do with how it is provisioned. */
const elsewhere = [
  ...['trust_bundle_cert', 'manifest_trust_bundle_cert', 'allow_elevated_docker_permissions'],
  ...['imported_master_encryption_key', 'aziot_max_requests', 'localid', 'preloaded_certs', 'cert_issuance'],
  ...[
    'edge_ca',
    'agent',
    'connect',
    'listen',
    'watchdog',
    'moby_runtime',
    'image_garbage_collection',
    'endpoints',
  ],
];

/**
 * Reads `/etc/aziot/config.toml` as `iotedge config apply` of a version from 1.2 on does.
 *
 * @throws ConfigError for what that version refuses
 * @see the reference of IoT Edge devices, chapters 1.1 to 1.9
 */
export function readSuperConfig(text: string, options: ReaderOptions): EdgeConfig {
  const { file, platform, version } = options;
  const document = parseToml(text);
  if (document.kind === 'syntax-error') throw syntaxError(text, document, options);
  const reading = readTables(file, document);
  const { root } = reading;
  root.knows(...elsewhere, ...knownSince(version));
  const parentHostName =
    root.optionalString('parent_hostname') ?? root.optionalString('local_gateway_hostname');
  const config = {
    platform,
    version,
    format: 'super-config',
    hostName: root.optionalString('hostname'),
    parentHostName,
    provisioning: readProvisioning(root, version),
    reprovisioning: root.optionalWord('auto_reprovisioning_mode', reprovisioningModes) ?? 'Dynamic',
    cloud: readCloud(root, version),
    tpm: readTpmSettings(root, version),
    pkcs11: readTokens(root),
    preloadedKeys: readPreloadedKeys(root),
  } as const;
  if (parentHostName !== undefined && config.provisioning.source === 'dps') {
    const key = root.has('parent_hostname') ? 'parent_hostname' : 'local_gateway_hostname';
    throw root.problem('CONFIG_CONFLICT', key, {
      message: 'makes the device a nested one, which DPS cannot provision',
      daemonSays: 'DPS provisioning is not supported in nested mode',
      hint: 'Provision nested devices with source = "manual", or take the key away.',
    });
  }
  if (config.pkcs11 === undefined && needsToken(config.provisioning)) {
    const message = 'has no pkcs11_lib_path, and the key of the device is in a token';
    const daemonSays = 'pre-loaded key requires PKCS#11 lib path to be configured';
    root.notice('token-key-without-module', 'aziot_keys', message, { daemonSays, fatal: true });
  }
  return { ...config, notices: reading.notices() };
}

function needsToken(provisioning: ProvisioningConfig): boolean {
  if (!('credential' in provisioning)) return false;
  const { credential } = provisioning;
  if (credential.kind === 'tpm') return false;
  return (credential.kind === 'x509' ? credential.privateKey : credential.key)?.kind === 'pkcs11';
}

const reprovisioningModes = ['Dynamic', 'AlwaysOnStartup', 'OnErrorOnly'] as const;

const knownSince = (version: EdgeVersion): readonly string[] =>
  version >= '1.4' ? ['additional_info', 'prefer_module_identity_cache'] : [];

function readCloud(root: ConfigTable, version: EdgeVersion): EdgeConfig['cloud'] {
  const { timeoutMs, leastTimeoutSeconds, retries } = edgeProfiles[version].cloud;
  const timeoutSeconds = root.optionalInteger('cloud_timeout_sec') ?? timeoutMs / 1000;
  if (timeoutSeconds < leastTimeoutSeconds) {
    throw root.problem('CONFIG_VALUE', 'cloud_timeout_sec', {
      message: `is ${timeoutSeconds}`,
      expected: `at least ${leastTimeoutSeconds}`,
      daemonSays:
        leastTimeoutSeconds > 1
          ? `cloud_timeout_sec must be at least ${leastTimeoutSeconds} seconds`
          : 'cloud_timeout_sec must be greater than 0',
      hint: 'The line of the template says 10; leave it out.',
    });
  }
  return { timeoutSeconds, retries: root.optionalInteger('cloud_retries') ?? retries };
}

function readTokens(root: ConfigTable): EdgeConfig['pkcs11'] {
  const table = root.optionalTable('aziot_keys');
  const modulePath = table?.optionalString('pkcs11_lib_path');
  const baseSlotUri = table?.optionalString('pkcs11_base_slot');
  if (table === undefined || (modulePath === undefined && baseSlotUri === undefined)) return undefined;
  if (modulePath === undefined) {
    table.notice('token-without-module', 'pkcs11_base_slot', 'has no effect without pkcs11_lib_path');
    return undefined;
  }
  if (baseSlotUri !== undefined) {
    const location = parseKeyLocation(baseSlotUri);
    if (location.kind === 'wrong') throw table.problem('CONFIG_VALUE', 'pkcs11_base_slot', location);
  }
  return { modulePath, baseSlotUri };
}

function readPreloadedKeys(root: ConfigTable): Readonly<Record<string, KeySource>> {
  const table = root.optionalTable('preloaded_keys');
  const keys: Record<string, KeySource> = {};
  for (const id of table?.keys() ?? []) {
    const location = parseKeyLocation(table?.string(id) ?? '');
    if (location.kind === 'wrong') throw root.table('preloaded_keys').problem('CONFIG_VALUE', id, location);
    keys[id] = location.value;
    if (id === 'device-id') {
      table?.notice(
        'preloaded-device-id',
        id,
        'is the id under which the key of [provisioning] is written: `config apply` replaces this entry',
      );
    }
  }
  return keys;
}

/** The parser knows where; a look at the line often tells what was meant. */
function syntaxError(
  text: string,
  { line, column, message, cause }: Position & { readonly message: string; readonly cause: Error },
  { file, version }: ReaderOptions,
): ConfigError {
  const lines = text.split('\n');
  const written = lines[line - 1] ?? '';
  const daemonSays =
    version < '1.4'
      ? `… at line ${line} column ${column}`
      : `TOML parse error at line ${line}, column ${column}`;
  const at = { file, line, column, daemonSays };
  const header = /^\s*(\[{1,2}[^\]]+\]{1,2})/.exec(written)?.[1];
  if (header !== undefined && message.includes('multiple times')) {
    const first = lines.findIndex((other) => other.trim().startsWith(header)) + 1;
    const twice = `${header} stands twice, first in line ${first}`;
    const hint = 'Comment one of the two blocks out; the template has one for each way of provisioning.';
    return new ConfigError(
      'CONFIG_SYNTAX',
      { ...at, key: header.replaceAll(/[[\]]/g, ''), message: twice },
      { cause, hint },
    );
  }
  const bare = /^\s*([\w.-]+)\s*=\s*([A-Za-z]\w*)\s*(?:#.*)?$/.exec(written);
  if (bare !== null && !/^(true|false|inf|nan)$/.test(bare[2] ?? '')) {
    const [, key, word] = bare;
    const fields = { ...at, key, message: `the value ${word} is not quoted`, expected: `${key} = "${word}"` };
    return new ConfigError('CONFIG_SYNTAX', fields, { cause, hint: 'Put the value in double quotes.' });
  }
  return new ConfigError('CONFIG_SYNTAX', { ...at, message: `is not TOML: ${message}` }, { cause });
}
