import { ConfigError } from '../../kernel/errors.ts';
import { edgeProfiles } from '../platforms/profiles.ts';
import { readConfigYaml } from './config-yaml.ts';
import type { EdgeConfig, ReaderOptions } from './edge-config.ts';

/**
 * Reads the `config.yaml` of 1.1 as `iotedge config import` of a later version does: what comes out is a
 * super-config of that version.
 *
 * @throws ConfigError
 * @see the reference of IoT Edge devices, chapter 3.1
 */
export function importConfigYaml(text: string, options: ReaderOptions): EdgeConfig {
  const old = readConfigYaml(text, { ...options, version: '1.1' });
  if (old.provisioning.source === 'external') {
    const message = 'is "external", which ended with 1.1';
    throw new ConfigError(
      'CONFIG_UNSUPPORTED',
      {
        file: options.file,
        key: 'provisioning.source',
        message,
        expected: '"manual" or "dps"',
        daemonSays: 'external provisioning is not supported.',
      },
      { hint: 'Let the device prove itself to DPS, or give it a connection string.' },
    );
  }
  const { timeoutMs, retries } = edgeProfiles[options.version].cloud;
  const imported = {
    code: 'imported',
    message: `config.yaml is of 1.1 and is imported, as with \`iotedge config import\`: auto_reprovisioning_mode = "${old.reprovisioning}"`,
  };
  return {
    ...old,
    version: options.version,
    format: 'super-config',
    cloud: { timeoutSeconds: timeoutMs / 1000, retries },
    notices: [imported, ...old.notices],
  };
}
