import type { EdgeVersion } from '../platforms/profiles.ts';
import {
  checkCertificateExpiry,
  checkCertificatesMatch,
  checkCertificatesRead,
  checkKeyPairsRead,
} from './certificate-checks.ts';
import { type Check, type CheckResult, gather, ignored, ok } from './check.ts';
import { checkDps, checkHub } from './connect-checks.ts';
import { checkConnectionString, checkHostName, checkLocalTime, checkWindowsVersion } from './host-checks.ts';

type Section = Check['section'];
type Run = Check['run'];

const check = (section: Section, id: string, description: string, run: Run): Check => ({
  ...{ section, id, description, run },
});
const cannot = (section: Section, id: string, description: string, reason: string): Check =>
  check(section, id, description, (): CheckResult => ({ kind: 'skipped', reason }));
/** A configuration that could not be read did not come this far. */
const wellFormed = (id: string, what: string): Check =>
  check('configuration', id, `${what} is well-formed`, () => ok);
/** The one of them that tells what is odd in the configuration. */
const hasNotices = (id: string, what: string): Check =>
  check('configuration', id, `${what} is well-formed`, ({ subject: { notices } }) => {
    const texts = (isFatal: boolean): string[] =>
      notices.filter((notice) => notice.isFatal === isFatal).map(({ text }) => text);
    return gather(texts(true), texts(false));
  });

const noFiles = 'dps-rig reads the configuration itself, no daemon has files made from it';
const noDaemons = 'there are no daemons here';
const noContainers = 'there is no container engine here';
const noPackages = 'nothing is installed here';

const hubChecks: readonly Check[] = [
  check(
    'connectivity',
    'host-connect-iothub-amqp',
    'host can connect to and perform TLS handshake with iothub AMQP port',
    checkHub('amqp'),
  ),
  check(
    'connectivity',
    'host-connect-iothub-https',
    'host can connect to and perform TLS handshake with iothub HTTPS / WebSockets port',
    checkHub('https'),
  ),
  check(
    'connectivity',
    'host-connect-iothub-mqtt',
    'host can connect to and perform TLS handshake with iothub MQTT port',
    checkHub('mqtt'),
  ),
];
const dpsCheck = check(
  'connectivity',
  'host-connect-dps-endpoint',
  'host can connect to and perform TLS handshake with DPS endpoint',
  checkDps,
);
const localTime = check(
  'configuration',
  'host-local-time',
  'host time is close to reference time',
  checkLocalTime,
);
const identityExpiry = check(
  'configuration',
  'identity-certificate-expiry',
  'production readiness: identity certificates expiry',
  checkCertificateExpiry,
);

/** @see reference of IoT Edge devices, chapter 8.1, in its order */
const aziotctl: readonly Check[] = [
  wellFormed('keyd-config-well-formed', 'keyd configuration'),
  wellFormed('certd-config-well-formed', 'certd configuration'),
  wellFormed('tpmd-config-well-formed', 'tpmd configuration'),
  hasNotices('identityd-config-well-formed', 'identityd configuration'),
  cannot('configuration', 'configs-up-to-date', 'daemon configurations up-to-date with config.toml', noFiles),
  check('configuration', 'hostname', 'identityd config toml file specifies a valid hostname', checkHostName),
  cannot('configuration', 'aziot-version', 'aziot-identity-service package is up-to-date', noPackages),
  localTime,
  identityExpiry,
  check(
    'configuration',
    'est-identity-and-bootstrap-certificate-expiry',
    'production readiness: EST identity and bootstrap certificates expiry',
    () => ignored,
  ),
  check(
    'configuration',
    'local-ca-certificate-expiry',
    'production readiness: local CA certificate expiry',
    () => ignored,
  ),
  check('configuration', 'certs-preloaded', 'preloaded certificates are valid', checkCertificatesRead),
  ...['keyd', 'certd', 'tpmd', 'identityd'].map((daemon) =>
    cannot('configuration', `${daemon}-running`, `${daemon} is running`, noDaemons),
  ),
  check('configuration', 'certs-read', 'read all preloaded certificates', checkCertificatesRead),
  check('configuration', 'key-pairs-read', 'read all preloaded key pairs', checkKeyPairsRead),
  check('configuration', 'est-server-https', 'check all EST server URLs utilize HTTPS', () => ignored),
  check(
    'configuration',
    'certs-match-private-keys',
    'preloaded certificates match preloaded private keys',
    checkCertificatesMatch,
  ),
  ...hubChecks,
  dpsCheck,
];

const containerChecks = (ids: readonly string[]): readonly Check[] =>
  ids.map((id) => cannot(id.includes('connect') ? 'connectivity' : 'configuration', id, id, noContainers));

/** @see chapter 8.2 */
const iotedge: readonly Check[] = [
  wellFormed('aziot-edged-config-well-formed', 'aziot-edged configuration'),
  cannot('configuration', 'config-up-to-date', 'configuration up-to-date with config.toml', noFiles),
  ...containerChecks([
    'container-engine-uri',
    'parent_hostname',
    'container-resolve-parent-hostname',
    'connect-management-uri',
  ]),
  cannot('configuration', 'aziot-edge-version', 'aziot-edge package is up-to-date', noPackages),
  ...containerChecks([
    ...[
      'container-local-time',
      'container-engine-dns',
      'container-engine-ipv6',
      'container-engine-logrotate',
    ],
    ...['edge-agent-storage-mounted-from-host', 'edge-hub-storage-mounted-from-host', 'check-agent-image'],
    ...['proxy-settings', 'container-connect-upstream-amqp', 'container-connect-upstream-https'],
    'container-connect-upstream-mqtt',
  ]),
];

/** @see chapter 8.3 */
const iotedged: readonly Check[] = [
  hasNotices('config-yaml-well-formed', 'config.yaml'),
  check(
    'configuration',
    'connection-string',
    'config.yaml has well-formed connection string',
    checkConnectionString,
  ),
  ...containerChecks(['container-engine-uri']),
  check('configuration', 'windows-host-version', 'Windows host version is supported', checkWindowsVersion),
  check('configuration', 'hostname', 'config.yaml has correct hostname', checkHostName),
  cannot(
    'configuration',
    'connect-management-uri',
    'config.yaml has correct URIs for daemon mgmt endpoint',
    noDaemons,
  ),
  cannot('configuration', 'iotedged-version', 'latest security daemon', noPackages),
  localTime,
  ...containerChecks([
    ...[
      'container-local-time',
      'container-engine-dns',
      'container-engine-ipv6',
      'container-engine-logrotate',
    ],
    'container-engine-is-moby',
  ]),
  identityExpiry,
  ...containerChecks([
    ...[
      'certificates-quickstart',
      'edge-agent-storage-mounted-from-host',
      'edge-hub-storage-mounted-from-host',
    ],
  ]),
  dpsCheck,
  ...hubChecks,
  ...containerChecks([
    ...['container-connect-iothub-amqp', 'container-connect-iothub-https', 'container-connect-iothub-mqtt'],
  ]),
];

/** The checks that the software on a device of this version has, in their order. */
export const checksOf = (version: EdgeVersion): readonly Check[] =>
  version === '1.1' ? iotedged : [...aziotctl, ...iotedge];

/** The check that fails when the configuration cannot be read, after which none of the others is done. */
export const configurationCheckOf = (version: EdgeVersion): string =>
  version === '1.1' ? 'config-yaml-well-formed' : 'identityd-config-well-formed';
