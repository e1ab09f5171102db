import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, toError } from '../../kernel/errors.ts';
import { readCertificateFields } from '../../pki/certificate-fields.ts';
import { splitPemChain } from '../../pki/pem.ts';
import type { ConfigNotice, EdgeConfig, KeySource } from './edge-config.ts';
import { looksLikeBase64Text } from './symmetric-key-text.ts';

/** Reads the files that a configuration names; a directory may stand for the root of the device. */
export interface DeviceFiles {
  /** Where a path of the device is on this machine. */
  localPath(devicePath: string): string;
  /** @throws ConfigError naming the path */
  read(devicePath: string): Promise<Uint8Array>;
}

/** @param root default: the paths are of this machine */
export function openDeviceFiles(root?: string): DeviceFiles {
  const localPath = (devicePath: string): string => {
    if (root === undefined) return devicePath;
    return join(root, devicePath.replace(/^[A-Za-z]:/, '').replaceAll('\\', '/'));
  };
  return {
    localPath,
    read: async (devicePath) => {
      try {
        return await readFile(localPath(devicePath));
      } catch (cause) {
        const { code = 'error' } = toError(cause) as NodeJS.ErrnoException;
        const message = code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`;
        const hint =
          'If the device has the file and this machine has not, name a copy of its root with --root.';
        throw new ConfigError('CONFIG_UNREADABLE', { file: localPath(devicePath), message }, { cause, hint });
      }
    },
  };
}

/** The certificate of a PEM file whose CN is the registration id of a device that was given none. */
export function commonNameOf(chainPem: string): string | undefined {
  const [leaf = ''] = splitPemChain(chainPem);
  return readCertificateFields(new Uint8Array(new X509Certificate(leaf).raw)).commonNames.at(-1);
}

/**
 * Looks at the files that a configuration names: what the device finds there may stop it although the configuration
 * itself is right.
 *
 * @see the reference of IoT Edge devices, chapters 1.3, 1.5 and 1.6
 */
export async function inspectFiles(config: EdgeConfig, files: DeviceFiles): Promise<readonly ConfigNotice[]> {
  const { provisioning } = config;
  if (provisioning.source !== 'manual' && provisioning.source !== 'dps') return [];
  const { credential } = provisioning;
  const notices: ConfigNotice[] = [];
  if (credential.kind === 'symmetric-key')
    notices.push(...(await inspectSymmetricKey(credential.key, files)));
  if (credential.kind === 'x509') {
    notices.push(...(await inspectX509(config, files)));
  }
  if (provisioning.source === 'dps' && provisioning.payloadPath !== undefined) {
    notices.push(...(await inspectPayload(provisioning.payloadPath, files)));
  }
  return notices;
}

async function inspectSymmetricKey(key: KeySource, files: DeviceFiles): Promise<readonly ConfigNotice[]> {
  if (key.kind !== 'file') return [];
  const content = await readOrNotice(key.path, files);
  if ('code' in content) return [content];
  if (content.length === 0) {
    const message = `the key file ${key.path} is empty`;
    return [{ code: 'key-file-empty', message, daemonSays: 'key file is empty', fatal: true }];
  }
  if (!looksLikeBase64Text(content)) return [];
  const message = `the key file ${key.path} holds base64 text, and the device signs with its ${content.length} characters: the service answers 401. Write the decoded key: base64 -d`;
  return [{ code: 'base64-key-file', message }];
}

async function inspectX509(config: EdgeConfig, files: DeviceFiles): Promise<readonly ConfigNotice[]> {
  const { provisioning } = config;
  const credential = 'credential' in provisioning ? provisioning.credential : undefined;
  if (credential?.kind !== 'x509' || credential.certificate.kind !== 'file') return [];
  const notices: ConfigNotice[] = [];
  const { path } = credential.certificate;
  if (credential.privateKey?.kind === 'file') {
    const key = await readOrNotice(credential.privateKey.path, files);
    if ('code' in key) notices.push(key);
  }
  const content = await readOrNotice(path, files);
  if ('code' in content) return [...notices, content];
  const commonName = tryCommonName(content);
  if (commonName === undefined) {
    const message = `${path} holds no certificate in PEM with a common name`;
    return [...notices, { code: 'no-certificate', message, fatal: true }];
  }
  if (provisioning.source !== 'dps') return notices;
  if (provisioning.registrationId === undefined) {
    const message = `no registration_id is given: the device registers as ${commonName}, the CN of its certificate`;
    return [...notices, { code: 'registration-id-of-certificate', message }];
  }
  if (provisioning.registrationId === commonName) return notices;
  const message = `the CN of ${path} is ${commonName}, and DPS refuses another registration_id with 401`;
  return [
    ...notices,
    { code: 'common-name-differs', message, key: 'provisioning.attestation.registration_id' },
  ];
}

function tryCommonName(content: Uint8Array): string | undefined {
  try {
    return commonNameOf(new TextDecoder().decode(content));
  } catch {
    return undefined;
  }
}

async function inspectPayload(path: string, files: DeviceFiles): Promise<readonly ConfigNotice[]> {
  const content = await readOrNotice(path, files);
  if ('code' in content) return [content];
  try {
    JSON.parse(new TextDecoder().decode(content));
    return [];
  } catch {
    const daemonSays = 'parameter "provisioning.payload" has an invalid value';
    return [
      { code: 'payload-not-json', message: `the payload ${path} is not JSON`, daemonSays, fatal: true },
    ];
  }
}

async function readOrNotice(path: string, files: DeviceFiles): Promise<Uint8Array | ConfigNotice> {
  try {
    return await files.read(path);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { code: 'file-missing', message: `${path}: there is no such file that can be read`, fatal: true };
  }
}
