import { type DeviceFiles, inspectFiles } from '../config/device-files.ts';
import type { ConfigNotice, Credential, EdgeConfig, KeySource } from '../config/edge-config.ts';
import type { CheckSubject, NamedFile, SubjectNotice } from './check.ts';

/** Id under which the services of a device know its own certificate and key. */
const DEVICE_ID = 'device-id';

/**
 * What of a configuration can be checked from outside of the device.
 *
 * @param files where the files of the device are on this machine
 */
export async function subjectOfConfig(config: EdgeConfig, files: DeviceFiles): Promise<CheckSubject> {
  const { platform, version, hostName, provisioning } = config;
  const credential = 'credential' in provisioning ? provisioning.credential : undefined;
  const key = privateKeyOf(credential);
  const certificate = certificateOf(credential);
  const named = (path: string): NamedFile => ({ id: DEVICE_ID, path: files.localPath(path) });
  return {
    ...{ platform, version, hostName },
    notices: [...config.notices, ...(await inspectFiles(config, files))].map(toNotice),
    provisioning: whereItAsks(provisioning),
    certificates: certificate === undefined ? [] : [named(certificate)],
    privateKeys: key?.kind === 'file' ? [named(key.path)] : [],
    pairs: [{ certificate: DEVICE_ID, privateKey: DEVICE_ID }],
    keysElsewhere: key?.kind === 'pkcs11' ? [DEVICE_ID] : [],
  };
}

const toNotice = ({ line, key, message, fatal = false }: ConfigNotice): SubjectNotice => ({
  text: [line === undefined ? '' : `line ${line}: `, key === undefined ? '' : `${key} `, message].join(''),
  isFatal: fatal,
});

function whereItAsks(provisioning: EdgeConfig['provisioning']): CheckSubject['provisioning'] {
  switch (provisioning.source) {
    case 'dps':
      return { source: 'dps', globalEndpoint: provisioning.globalEndpoint };
    case 'manual':
      return { source: 'manual', hubHostName: provisioning.hubHostName };
    case 'external':
    case 'none':
      return { source: 'other' };
  }
}

/** A symmetric key is no key pair: nobody reads it to see whether it is one. */
const privateKeyOf = (credential: Credential | undefined): KeySource | undefined =>
  credential?.kind === 'x509' ? credential.privateKey : undefined;

const certificateOf = (credential: Credential | undefined): string | undefined =>
  credential?.kind === 'x509' && credential.certificate.kind === 'file'
    ? credential.certificate.path
    : undefined;
