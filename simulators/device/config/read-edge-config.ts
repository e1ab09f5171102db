import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { ConfigError, toError } from '../../kernel/errors.ts';
import type { EdgeVersion } from '../platforms/profiles.ts';
import { newestVersionOf, type PlatformKind, releaseOf, versionsOf } from '../platforms/table.ts';
import { readConfigYaml } from './config-yaml.ts';
import { parseConnectionString } from './connection-string.ts';
import type { ConfigFormat, EdgeConfig, ReaderOptions } from './edge-config.ts';
import { importConfigYaml } from './import-config-yaml.ts';
import { readInitializeIotEdge } from './initialize-iot-edge.ts';
import { readProvisionEflowVm } from './provision-eflow-vm.ts';
import { readSuperConfig } from './super-config.ts';

/** What the user says of the device beside its configuration. */
export interface ConfiguredDevice {
  /** Default: what the format is for; Linux for the files. */
  readonly platform?: PlatformKind | undefined;
  /** Default: 1.1 for config.yaml, else the newest of the platform. */
  readonly version?: EdgeVersion | undefined;
}

/**
 * Reads the configuration of an IoT Edge device, in whichever of the formats it is.
 *
 * @throws ConfigError naming file, line and key where the device would refuse it
 */
export async function readEdgeConfig(path: string, device: ConfiguredDevice = {}): Promise<EdgeConfig> {
  let content: Uint8Array;
  try {
    content = await readFile(path);
  } catch (cause) {
    const { code } = toError(cause) as NodeJS.ErrnoException;
    const message = code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code ?? 'error'})`;
    const daemonSays = `could not read config file ${path}`;
    throw new ConfigError('CONFIG_UNREADABLE', { file: path, message, daemonSays }, { cause });
  }
  try {
    return parseEdgeConfig(new TextDecoder('utf-8', { fatal: true }).decode(content), path, device);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    const fields = { file: path, message: 'is not UTF-8', daemonSays: 'error parsing config' };
    throw new ConfigError('CONFIG_SYNTAX', fields, { cause, hint: 'Save the file as UTF-8.' });
  }
}

/** As {@link readEdgeConfig}, on text. @param file for messages; its ending tells the format where the text does not */
export function parseEdgeConfig(text: string, file: string, device: ConfiguredDevice = {}): EdgeConfig {
  const format = formatOf(text, file);
  const platform = device.platform ?? platformOf[format];
  const version = device.version ?? (format === 'config-yaml' ? '1.1' : newestVersionOf(platform));
  refuseImpossible(format, { file, platform, version });
  return readers[format](text, { file, platform, version });
}

const readers: Readonly<Record<ConfigFormat, (text: string, options: ReaderOptions) => EdgeConfig>> = {
  'super-config': readSuperConfig,
  'config-yaml': (text, options) =>
    (options.version === '1.1' ? readConfigYaml : importConfigYaml)(text, options),
  'provision-eflow-vm': readProvisionEflowVm,
  'initialize-iot-edge': readInitializeIotEdge,
  'connection-string': readConnectionString,
};

const platformOf: Readonly<Record<ConfigFormat, PlatformKind>> = {
  'super-config': 'linux',
  'config-yaml': 'linux',
  'provision-eflow-vm': 'eflow',
  'initialize-iot-edge': 'windows',
  'connection-string': 'linux',
};

function formatOf(text: string, file: string): ConfigFormat {
  if (/\bProvision-EflowVm\b/i.test(text) || text.trimStart().startsWith('{')) return 'provision-eflow-vm';
  if (/\b(Initialize-IoTEdge|Install-IoTEdge|Install-SecurityDaemon)\b/i.test(text))
    return 'initialize-iot-edge';
  if (/^(HostName|DeviceId|SharedAccessKey)=[^\n]*$/i.test(text.trim())) return 'connection-string';
  const isYaml = ['.yaml', '.yml'].includes(extname(file)) || /^provisioning:\s*(#.*)?$/m.test(text);
  return isYaml ? 'config-yaml' : 'super-config';
}

function refuseImpossible(format: ConfigFormat, { file, platform, version }: ReaderOptions): void {
  const refuse = (message: string, hint: string): never => {
    throw new ConfigError('CONFIG_UNSUPPORTED', { file, message }, { hint });
  };
  if (releaseOf(platform, version) === undefined) {
    refuse(
      `there is no IoT Edge ${version} for ${platform}`,
      `There are ${versionsOf(platform).join(', ')}.`,
    );
  }
  if (format === 'super-config' && version === '1.1') {
    refuse(
      'is a config.toml, and 1.1 reads config.yaml',
      'Choose a version from 1.2 on, or give a config.yaml.',
    );
  }
  const only = { 'provision-eflow-vm': 'eflow', 'initialize-iot-edge': 'windows' } as const;
  const needed =
    format === 'provision-eflow-vm' || format === 'initialize-iot-edge' ? only[format] : platform;
  if (needed !== platform)
    refuse(`is for ${needed}, not for ${platform}`, `Leave the platform out, or say ${needed}.`);
}

/** As `iotedge config mp --connection-string`, which from 1.2 on writes a minimal config.toml. */
function readConnectionString(text: string, options: ReaderOptions): EdgeConfig {
  const { file, version } = options;
  const parsed = parseConnectionString(text, version);
  if (parsed.kind === 'wrong') {
    const { message, hint } = parsed;
    const daemonSays =
      version === '1.1' ? parsed.daemonSays : `invalid connection string: ${parsed.daemonSays}`;
    throw new ConfigError('CONFIG_VALUE', { file, line: 1, message, daemonSays }, { hint });
  }
  const quoted = JSON.stringify(text.trim());
  const config =
    version === '1.1'
      ? readConfigYaml(`provisioning:\n  source: manual\n  device_connection_string: ${quoted}\n`, options)
      : readSuperConfig(minimalFile(quoted), options);
  const notices = config.notices.map(({ code, message }) => ({ code, message, line: 1 }));
  return { ...config, format: 'connection-string', notices };
}

const minimalFile = (quoted: string): string =>
  `auto_reprovisioning_mode = "OnErrorOnly"\n[provisioning]\nsource = "manual"\nconnection_string = ${quoted}\n`;
