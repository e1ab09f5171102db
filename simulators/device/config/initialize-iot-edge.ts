import { ConfigError } from '../../kernel/errors.ts';
import { GLOBAL_DEVICE_ENDPOINT } from '../../wire/constants.ts';
import { edgeProfiles } from '../platforms/profiles.ts';
import { type ConfigTable, readTables } from './config-table.ts';
import type { Credential, EdgeConfig, ProvisioningConfig, ReaderOptions } from './edge-config.ts';
import { readDeviceConnection, readInlineKey } from './inline-credentials.ts';
import { bindCommandLine, type Parameters } from './power-shell.ts';
import { defaultTpmSettings } from './super-config-tpm.ts';

const parameters: Parameters = {
  Manual: 'switch',
  ManualConnectionString: 'switch',
  ManualX509: 'switch',
  Dps: 'switch',
  DpsTpm: 'switch',
  DpsSymmetricKey: 'switch',
  DpsX509: 'switch',
  External: 'switch',
  DeviceConnectionString: 'value',
  IotHubHostName: 'value',
  DeviceId: 'value',
  ScopeId: 'value',
  RegistrationId: 'value',
  SymmetricKey: 'value',
  X509IdentityCertificate: 'value',
  X509IdentityPrivateKey: 'value',
  ExternalProvisioningEndpoint: 'value',
  DeviceCACertificate: 'value',
  DeviceCAPrivateKey: 'value',
  DeviceTrustbundle: 'value',
  DynamicReprovisioning: 'switch',
  ContainerOs: 'value',
  AgentImage: 'value',
  Username: 'value',
  Password: 'value',
};

/** What each parameter set must have; the switches `Manual` and `Dps` are older names of two of them. */
const sets = {
  ManualConnectionString: ['DeviceConnectionString'],
  ManualX509: ['IotHubHostName', 'DeviceId', 'X509IdentityCertificate', 'X509IdentityPrivateKey'],
  DpsTpm: ['ScopeId', 'RegistrationId'],
  DpsSymmetricKey: ['ScopeId', 'RegistrationId', 'SymmetricKey'],
  DpsX509: ['ScopeId', 'X509IdentityCertificate', 'X509IdentityPrivateKey'],
  External: ['ExternalProvisioningEndpoint'],
} as const satisfies Record<string, readonly string[]>;

type ParameterSet = keyof typeof sets;

/**
 * Reads the command line of `Initialize-IoTEdge` or `Install-IoTEdge`, with which 1.1 was set up on Windows.
 *
 * @throws ConfigError
 * @see the reference of IoT Edge devices, chapter 3.2
 */
export function readInitializeIotEdge(text: string, { file, platform, version }: ReaderOptions): EdgeConfig {
  const names = ['Initialize-IoTEdge', 'Install-IoTEdge', 'Install-SecurityDaemon'];
  const reading = readTables(file, bindCommandLine(text, names, parameters, file));
  const { root } = reading;
  root.knows('DeviceCACertificate', 'DeviceCAPrivateKey', 'DeviceTrustbundle', 'ContainerOs', 'AgentImage');
  root.knows('Username', 'Password');
  const set = chooseSet(root, file);
  const missing = sets[set].find((name) => !root.has(name));
  if (missing !== undefined) {
    throw root.problem('CONFIG_MISSING', missing, {
      message: 'is missing',
      expected: sets[set].map((name) => `-${name}`).join(', '),
      daemonSays: `Cannot process command because of one or more missing mandatory parameters: ${missing}.`,
    });
  }
  const provisioning = readSet(root, set);
  const dynamic = root.optionalBoolean('DynamicReprovisioning') ?? false;
  const { timeoutMs, retries } = edgeProfiles[version].cloud;
  return {
    platform,
    version,
    format: 'initialize-iot-edge',
    hostName: undefined,
    parentHostName: undefined,
    provisioning,
    // The script always writes always_reprovision_on_startup: true.
    reprovisioning: dynamic ? 'Dynamic' : 'AlwaysOnStartup',
    cloud: { timeoutSeconds: timeoutMs / 1000, retries },
    tpm: defaultTpmSettings,
    pkcs11: undefined,
    preloadedKeys: {},
    notices: reading.notices(),
  };
}

function chooseSet(root: ConfigTable, file: string): ParameterSet {
  const chosen = [
    ...(Object.keys(sets) as ParameterSet[]).filter((set) => root.has(set)),
    ...(root.has('Manual') ? ['ManualConnectionString' as const] : []),
    ...(root.has('Dps') ? ['DpsTpm' as const] : []),
  ];
  const [set = 'ManualConnectionString', other] = new Set(chosen);
  if (other === undefined) return set;
  throw new ConfigError('CONFIG_CONFLICT', {
    file,
    key: other,
    message: `stands beside -${set}`,
    expected: 'one parameter set',
    daemonSays: 'Parameter set cannot be resolved using the specified named parameters.',
  });
}

function readSet(root: ConfigTable, set: ParameterSet): ProvisioningConfig {
  switch (set) {
    case 'ManualConnectionString':
      return readDeviceConnection(root, 'DeviceConnectionString', '1.1');
    case 'ManualX509': {
      const hubHostName = root.string('IotHubHostName');
      return { source: 'manual', hubHostName, deviceId: root.string('DeviceId'), credential: readX509(root) };
    }
    case 'DpsTpm':
      return { ...readDps(root), credential: { kind: 'tpm' } };
    case 'DpsSymmetricKey':
      return {
        ...readDps(root),
        credential: { kind: 'symmetric-key', key: readInlineKey(root, 'SymmetricKey') },
      };
    case 'DpsX509':
      return { ...readDps(root), credential: readX509(root) };
    case 'External':
      return { source: 'external', endpoint: root.string('ExternalProvisioningEndpoint') };
  }
}

const readDps = (root: ConfigTable) =>
  ({
    source: 'dps',
    globalEndpoint: `https://${GLOBAL_DEVICE_ENDPOINT}`,
    idScope: root.string('ScopeId'),
    registrationId: root.optionalString('RegistrationId'),
    payloadPath: undefined,
  }) as const;

const readX509 = (root: ConfigTable): Extract<Credential, { kind: 'x509' }> => ({
  kind: 'x509',
  certificate: { kind: 'file', path: root.string('X509IdentityCertificate') },
  privateKey: { kind: 'file', path: root.string('X509IdentityPrivateKey') },
});
