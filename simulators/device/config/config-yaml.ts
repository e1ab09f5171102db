import { ConfigError } from '../../kernel/errors.ts';
import { edgeProfiles } from '../platforms/profiles.ts';
import { type ConfigTable, readTables } from './config-table.ts';
import type { Credential, EdgeConfig, ProvisioningConfig, ReaderOptions } from './edge-config.ts';
import { readDeviceConnection, readInlineKey } from './inline-credentials.ts';
import { parseFileUri } from './key-location.ts';
import { defaultTpmSettings } from './super-config-tpm.ts';
import { parseYaml } from './yaml-document.ts';

const either =
  'provisioning.device_connection_string or provisioning.authentication must be set in the config.yaml.';

/**
 * Reads `config.yaml` of IoT Edge 1.1, of Linux or Windows.
 *
 * @throws ConfigError for what `iotedged` refuses
 * @see the reference of IoT Edge devices, chapter 3.1
 */
export function readConfigYaml(text: string, { file, platform, version }: ReaderOptions): EdgeConfig {
  const document = parseYaml(text);
  if (document.kind === 'syntax-error') {
    const { line, column, cause } = document;
    const hint = 'In YAML the indentation counts: two spaces, no tabs, and no space before `provisioning:`.';
    const fields = { file, line, column, message: `is not YAML: ${document.message}` };
    throw new ConfigError('CONFIG_SYNTAX', fields, { cause, hint });
  }
  const reading = readTables(file, document);
  const { root } = reading;
  root.knows('agent', 'certificates', 'connect', 'listen', 'homedir', 'moby_runtime');
  const table = root.table('provisioning');
  const provisioning = readProvisioning(table);
  const dynamic = table.optionalBoolean('dynamic_reprovisioning') ?? false;
  const always = table.optionalBoolean('always_reprovision_on_startup') ?? true;
  const { timeoutMs, retries } = edgeProfiles['1.1'].cloud;
  const repeated = document.repeated.map(({ key, line }) => ({
    code: 'repeated-key',
    key,
    line,
    message: 'stands here once more, and the last one counts',
  }));
  return {
    platform,
    version,
    format: 'config-yaml',
    hostName: root.optionalString('hostname'),
    parentHostName: undefined,
    provisioning,
    reprovisioning: dynamic ? 'Dynamic' : always ? 'AlwaysOnStartup' : 'OnErrorOnly',
    cloud: { timeoutSeconds: timeoutMs / 1000, retries },
    tpm: defaultTpmSettings,
    pkcs11: undefined,
    preloadedKeys: {},
    notices: [...repeated, ...reading.notices()],
  };
}

function readProvisioning(table: ConfigTable): ProvisioningConfig {
  const source = table.word('source', ['manual', 'dps', 'external']);
  switch (source) {
    case 'manual':
      return readManual(table);
    case 'dps':
      return readDps(table);
    case 'external':
      return { source, endpoint: table.string('endpoint') };
  }
}

function readManual(table: ConfigTable): ProvisioningConfig {
  const both = table.has('device_connection_string') && table.has('authentication');
  if (both || (!table.has('device_connection_string') && !table.has('authentication'))) {
    throw table.problem(both ? 'CONFIG_CONFLICT' : 'CONFIG_MISSING', 'device_connection_string', {
      message: both ? 'stands beside authentication' : 'is missing',
      expected: 'one of device_connection_string and authentication',
      daemonSays: both ? `Only one of ${either}` : `One of ${either}`,
      hint: table.has('connection_string') ? 'connection_string is the name since 1.2.' : undefined,
    });
  }
  if (table.has('device_connection_string'))
    return readDeviceConnection(table, 'device_connection_string', '1.1');
  const authentication = table.table('authentication');
  const method = authentication.word('method', ['x509', 'device_connection_string']);
  if (method === 'device_connection_string') return readDeviceConnection(authentication, method, '1.1');
  const hubHostName = authentication.string('iothub_hostname');
  const deviceId = authentication.string('device_id');
  return { source: 'manual', hubHostName, deviceId, credential: readX509(authentication) };
}

function readDps(table: ConfigTable): ProvisioningConfig {
  const globalEndpoint = table.string('global_endpoint');
  if (URL.parse(globalEndpoint) === null) {
    const problem = {
      message: 'is no URL',
      expected: 'e.g. "https://global.azure-devices-provisioning.net"',
    };
    throw table.problem('CONFIG_VALUE', 'global_endpoint', problem);
  }
  const dps = {
    source: 'dps',
    globalEndpoint,
    idScope: table.string('scope_id'),
    payloadPath: undefined,
  } as const;
  const legacyId = table.optionalString('registration_id');
  const attestation = table.optionalTable('attestation');
  const id = attestation?.optionalString('registration_id');
  if (legacyId !== undefined && attestation !== undefined) {
    throw table.problem('CONFIG_CONFLICT', 'registration_id', {
      message: 'stands beside attestation',
      expected: 'registration_id below attestation only',
      daemonSays: 'Provisioning registration_id has to be set only in attestation',
    });
  }
  if (attestation === undefined) {
    if (legacyId === undefined) throw idMissing(table);
    const message = 'without attestation is the oldest form, and means a TPM';
    table.notice('legacy-registration-id', 'registration_id', message);
    return { ...dps, registrationId: legacyId, credential: { kind: 'tpm' } };
  }
  const method = attestation.word('method', ['tpm', 'symmetric_key', 'x509']);
  if (id === undefined && method !== 'x509') throw idMissing(attestation);
  const credential: Credential =
    method === 'tpm'
      ? { kind: 'tpm' }
      : method === 'x509'
        ? readX509(attestation)
        : { kind: 'symmetric-key', key: readInlineKey(attestation, 'symmetric_key') };
  return { ...dps, registrationId: id, credential };
}

const idMissing = (table: ConfigTable): ConfigError =>
  table.problem('CONFIG_MISSING', 'registration_id', {
    message: 'is missing',
    expected: 'the registration id of the enrollment',
    daemonSays: 'Provisioning registration_id has to be set',
  });

function readX509(table: ConfigTable): Extract<Credential, { kind: 'x509' }> {
  const path = (key: string): string => {
    const location = parseFileUri(table.string(key));
    if (location.kind === 'found') return location.value;
    const { message, expected } = location;
    throw table.problem('CONFIG_VALUE', key, { message, expected });
  };
  return {
    kind: 'x509',
    certificate: { kind: 'file', path: path('identity_cert') },
    privateKey: { kind: 'file', path: path('identity_pk') },
  };
}
