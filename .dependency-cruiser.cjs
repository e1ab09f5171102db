/** The layout of docs/architecture.md as rules; the name of a rule is the sentence that it enforces. */
const layer = (path) => `^simulators/(${path})/`;
const notTests = '\\.test\\.ts$|^test/|/testing/';

/** A package that only one folder may import. */
const wrapped = (packageName, folder) => ({
  name: `only-${folder.replaceAll(/[^a-z0-9-]+/gi, '-')}-imports-${packageName.replaceAll(/[^a-z0-9-]+/gi, '-')}`,
  severity: 'error',
  from: { pathNot: [`^${folder}`, notTests, '^(bench|examples)/'] },
  to: { path: `^node_modules/${packageName}/` },
});

const forbid = (name, from, to, comment) => ({
  name,
  severity: 'error',
  ...(comment ? { comment } : {}),
  from,
  to,
});

module.exports = {
  forbidden: [
    forbid('no-cycles', {}, { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } }),
    forbid(
      'no-orphans',
      { orphan: true, pathNot: ['\\.(test|config)\\.[jt]s$', '^scripts/', '^bench/', '\\.d\\.ts$'] },
      {},
    ),
    forbid('no-unresolvable-imports', {}, { couldNotResolve: true }),
    forbid('no-tests-in-production-code', { pathNot: notTests }, { path: notTests }),
    forbid(
      'simulators-never-import-harness-or-reports',
      { path: '^simulators/' },
      { path: '^(harness|reports)/' },
    ),
    forbid(
      'reports-import-only-reports',
      { path: '^reports/', pathNot: notTests },
      { path: '^(simulators|harness)/' },
    ),
    forbid(
      'harness-uses-simulators-by-their-face',
      { path: '^harness/', pathNot: notTests },
      { path: '^simulators/', pathNot: '^simulators/(index\\.ts|schemas\\.ts|kernel/)' },
    ),
    forbid(
      'testing-uses-simulators-by-their-face',
      { path: '^testing/', pathNot: '\\.test\\.ts$' },
      { path: '^(simulators|harness|reports)/', pathNot: '^simulators/(index\\.ts|kernel/)' },
    ),
    forbid(
      'examples-know-only-the-package',
      { path: '^examples/' },
      { path: '^(simulators|harness|reports)/' },
    ),
    forbid(
      'nothing-of-ours-needs-testing',
      { path: '^(simulators|harness|reports)/' },
      { path: '^testing/' },
    ),
    forbid(
      'only-the-cli-knows-reporters',
      { path: '^harness/', pathNot: ['^harness/cli/', notTests] },
      { path: '^reports/', pathNot: '^reports/run-result\\.ts' },
    ),
    forbid(
      'the-kernel-is-a-leaf',
      { path: layer('kernel') },
      { path: '^simulators/', pathNot: '^simulators/kernel/' },
    ),
    forbid(
      'tls-key-is-a-package-of-its-own',
      { path: layer('tls-key'), pathNot: notTests },
      { path: '^simulators/', pathNot: layer('tls-key') },
    ),
    forbid(
      'wire-and-pki-are-low',
      { path: layer('wire|pki') },
      { path: '^simulators/', pathNot: layer('kernel|wire|pki') },
    ),
    forbid(
      'faults-are-low',
      { path: layer('faults') },
      { path: '^simulators/', pathNot: layer('kernel|wire|faults') },
    ),
    forbid(
      'storage-is-low',
      { path: layer('storage'), pathNot: notTests },
      { path: '^simulators/', pathNot: layer('kernel|storage') },
    ),
    forbid(
      'sqlite-only-in-storage',
      { path: '^(simulators|harness|reports)/', pathNot: ['^simulators/storage/', notTests] },
      { path: '^(node:)?sqlite$' },
    ),
    forbid(
      'codecs-do-no-io',
      { path: '^simulators/(tpm/codec|wire|kernel/bytes)', pathNot: notTests },
      { path: '^(node:)?(fs|net|tls|http|https|child_process|worker_threads|dgram)(/|$)' },
    ),
    forbid(
      'tpm-and-pkcs11-know-no-device',
      { path: layer('tpm|pkcs11') },
      { path: layer('security|transport|device|server|dps|hub') },
    ),
    forbid(
      'security-is-below-transport-and-device',
      { path: layer('security') },
      { path: layer('transport|device|server|dps|hub') },
    ),
    forbid(
      'transport-is-below-device',
      { path: layer('transport') },
      { path: layer('device|server|dps|hub') },
    ),
    forbid(
      'a-transport-holds-no-keys',
      { path: layer('transport'), pathNot: notTests },
      { path: layer('tpm|pkcs11|pki') },
    ),
    forbid(
      'device-side-never-imports-service-side',
      { path: layer('security|transport|device') },
      { path: layer('server|dps|hub') },
    ),
    forbid(
      'service-side-never-imports-device-side',
      { path: layer('server|dps|hub') },
      { path: layer('security|transport|device') },
    ),
    forbid(
      'service-side-tpm-code-is-make-credential-only',
      { path: layer('server|dps|hub'), pathNot: notTests },
      { path: layer('tpm'), pathNot: '^simulators/tpm/(credential\\.ts|codec/)' },
    ),
    forbid(
      'the-registration-core-imports-no-front-end',
      {
        path: '^simulators/dps/',
        pathNot: ['^simulators/dps/front-ends/', '^simulators/dps/emulator\\.ts', notTests],
      },
      { path: '^simulators/dps/front-ends/' },
    ),
    forbid(
      'child-processes-only-in-processes-and-environment',
      {
        path: '^(simulators|harness|reports)/',
        pathNot: ['^simulators/processes/', '^harness/environment/', notTests],
      },
      { path: '^(node:)?child_process$' },
    ),
    forbid(
      'worker-threads-only-in-load',
      { path: '^(simulators|harness|reports)/', pathNot: ['^harness/load/', notTests] },
      { path: '^(node:)?worker_threads$' },
    ),
    wrapped('testcontainers', 'simulators/containers/'),
    wrapped('piscina', 'harness/load/'),
    wrapped('commander', 'harness/cli/'),
    wrapped('cli-progress', 'harness/cli/'),
    wrapped('picocolors', '(harness/cli|reports)/'),
    wrapped('toml-eslint-parser', 'simulators/kernel/toml\\.ts'),
    wrapped('yaml', 'simulators/device/config/yaml-document\\.ts'),
    wrapped('@nats-io', 'harness/scale-out/nats-link\\.ts'),
    wrapped('hdr-histogram-js', 'harness/metrics/'),
    wrapped('echarts', 'reports/html/'),
    wrapped('@peculiar/x509', 'simulators/pki/'),
    wrapped('pkcs11js', 'simulators/pkcs11/'),
    wrapped('koffi', 'simulators/tpm/node-tss/'),
    wrapped('tss\\.js', 'simulators/tpm/azure-tpm/'),
    wrapped('azure-iot-security-tpm', 'simulators/tpm/azure-tpm/'),
    wrapped('mqtt-packet', 'simulators/(server|transport)/'),
    wrapped('azure-iot-mqtt-base', 'simulators/device/clients/'),
    wrapped('azure-iot-provisioning-device-mqtt', 'simulators/device/clients/'),
    wrapped('rhea', 'simulators/(server|transport)/'),
    wrapped('ws', 'simulators/(server|transport)/'),
    wrapped('azure-iot-amqp-base', 'simulators/device/clients/'),
    wrapped('azure-iot-provisioning-device-amqp', 'simulators/device/clients/'),
    wrapped('azure-iot-http-base', 'simulators/device/clients/'),
    wrapped('azure-iot-device', 'simulators/device/clients/'),
    wrapped('azure-iot-device-http', 'simulators/device/clients/'),
    wrapped('azure-iot-device-amqp', 'simulators/device/clients/'),
    wrapped('azure-iot-device-mqtt', 'simulators/device/clients/'),
    wrapped('azure-iot-provisioning-device', 'simulators/device/clients/'),
    wrapped('azure-iot-provisioning-device-http', 'simulators/device/clients/'),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
