import { ConfigError } from '../../kernel/errors.ts';
import type { LocatedDocument } from '../../kernel/toml.ts';
import { GLOBAL_DEVICE_ENDPOINT } from '../../wire/constants.ts';
import { type EdgeVersion, edgeProfiles } from '../platforms/profiles.ts';
import { type ConfigTable, readTables } from './config-table.ts';
import type { Credential, EdgeConfig, ProvisioningConfig, ReaderOptions } from './edge-config.ts';
import { readDeviceConnection, readInlineKey } from './inline-credentials.ts';
import { bindCommandLine, type Parameters } from './power-shell.ts';
import { defaultTpmSettings } from './super-config-tpm.ts';
import { parseYaml } from './yaml-document.ts';

const parameters: Parameters = {
  provisioningType: 'value',
  devConnString: 'value',
  iotHubHostname: 'value',
  deviceId: 'value',
  scopeId: 'value',
  registrationId: 'value',
  symmKey: 'value',
  identityCertPath: 'value',
  identityPrivKeyPath: 'value',
  globalEndpoint: 'value',
  headless: 'switch',
};

const types = ['ManualConnectionString', 'ManualX509', 'DpsTPM', 'DpsX509', 'DpsSymmetricKey'] as const;

/**
 * Reads what EFLOW is told: the command line of `Provision-EflowVm`, its parameters as JSON, or the JSON of the
 * auto-deploy sample, whose `eflowProvisioning` has them.
 *
 * @throws ConfigError
 * @see the reference of IoT Edge devices, chapter 4.2
 */
export function readProvisionEflowVm(text: string, { file, platform, version }: ReaderOptions): EdgeConfig {
  const document = text.trimStart().startsWith('{')
    ? parseJson(text, file)
    : bindCommandLine(text, ['Provision-EflowVm'], parameters, file);
  const reading = readTables(file, document);
  // The module is closed: what it prints is not known.
  const root = reading.root.masked(undefined);
  root.knows('headless');
  const provisioning = readProvisioning(root, version);
  const { timeoutMs, retries } = edgeProfiles[version].cloud;
  return {
    platform,
    version,
    format: 'provision-eflow-vm',
    hostName: undefined,
    parentHostName: undefined,
    provisioning,
    reprovisioning: version === '1.1' ? 'AlwaysOnStartup' : 'Dynamic',
    cloud: { timeoutSeconds: timeoutMs / 1000, retries },
    tpm: defaultTpmSettings,
    pkcs11: undefined,
    preloadedKeys: {},
    notices: reading.notices(),
  };
}

function readProvisioning(table: ConfigTable, version: EdgeVersion): ProvisioningConfig {
  const written = table.string('provisioningType');
  const type = types.find((known) => known.toLowerCase() === written.toLowerCase());
  if (type === undefined) table.word('provisioningType', types);
  switch (type) {
    case undefined:
    case 'ManualConnectionString':
      return readDeviceConnection(table, 'devConnString', version);
    case 'ManualX509': {
      const hubHostName = table.string('iotHubHostname');
      return {
        source: 'manual',
        hubHostName,
        deviceId: table.string('deviceId'),
        credential: readX509(table),
      };
    }
    case 'DpsTPM':
      return { ...readDps(table), credential: { kind: 'tpm' } };
    case 'DpsX509':
      return { ...readDps(table), credential: readX509(table) };
    case 'DpsSymmetricKey': {
      const dps = { ...readDps(table), registrationId: table.string('registrationId') };
      return { ...dps, credential: { kind: 'symmetric-key', key: readInlineKey(table, 'symmKey') } };
    }
  }
}

const readDps = (table: ConfigTable) =>
  ({
    source: 'dps',
    globalEndpoint: table.optionalString('globalEndpoint') ?? `https://${GLOBAL_DEVICE_ENDPOINT}`,
    idScope: table.string('scopeId'),
    registrationId: table.optionalString('registrationId'),
    payloadPath: undefined,
  }) as const;

/** Paths on the Windows host; the files are copied into the VM. */
const readX509 = (table: ConfigTable): Extract<Credential, { kind: 'x509' }> => ({
  kind: 'x509',
  certificate: { kind: 'file', path: table.string('identityCertPath') },
  privateKey: { kind: 'file', path: table.string('identityPrivKeyPath') },
});

/** Names in any case, as PowerShell reads JSON; what is empty counts as absent. */
function parseJson(text: string, file: string): LocatedDocument {
  const document = parseYaml(text);
  if (document.kind === 'syntax-error') {
    const { line, column, message, cause } = document;
    throw new ConfigError(
      'CONFIG_SYNTAX',
      { file, line, column, message: `is not JSON: ${message}` },
      { cause },
    );
  }
  const nested: unknown = document.value['eflowProvisioning'];
  const isNested = typeof nested === 'object' && nested !== null;
  const names = new Map<string, string>();
  const value: Record<string, unknown> = {};
  for (const [written, given] of Object.entries(isNested ? nested : document.value)) {
    const known = Object.keys(parameters).find((name) => name.toLowerCase() === written.toLowerCase());
    names.set(known ?? written, written);
    if (given !== '') value[known ?? written] = given;
  }
  return {
    value,
    locate: ([name = '']) =>
      document.locate([...(isNested ? ['eflowProvisioning'] : []), names.get(name) ?? name]) ?? {
        line: 1,
        column: 1,
      },
  };
}
