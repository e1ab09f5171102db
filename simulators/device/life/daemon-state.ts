import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { HubModuleIdentity } from '../../transport/hub-modules.ts';
import type { AttestationKind } from '../../wire/constants.ts';
import type { ClientSetup } from '../clients/provisioning-client.ts';
import { type DaemonLayout, fileNameOf, type ProvisionedDevice } from './daemon-layout.ts';

/** What a daemon finds of its last run. */
export type Backup =
  | { readonly kind: 'none' }
  | { readonly kind: 'damaged'; readonly reason: string }
  | { readonly kind: 'valid'; readonly device: ProvisionedDevice };

/** What a daemon keeps of its configuration, to see at the next start what has changed. */
export interface DaemonSettings {
  readonly source: 'dps' | 'manual';
  readonly globalEndpoint: string;
  readonly scopeId: string;
  readonly registrationId: string;
  readonly attestation: AttestationKind;
}

type SavedSettings = Pick<ClientSetup, 'spec' | 'endpoint'>;

/** How a generation of the daemon writes its device identity. */
export interface BackupFormat {
  write(device: ProvisionedDevice): string;
  /** @throws when the text is none */
  read(text: string): ProvisionedDevice;
  writeSettings(settings: DaemonSettings): string;
}

/** A certificate with its key, PEM. */
export interface IdentityFiles {
  readonly certificateChainPem: string;
  readonly privateKeyPem: string;
}

/** The files of one daemon: what survives a restart is here and nowhere else. Only its owner reads them (0600). */
export class DaemonState {
  readonly #layout: DaemonLayout;
  readonly #format: BackupFormat;

  constructor(layout: DaemonLayout, format: BackupFormat) {
    this.#layout = layout;
    this.#format = format;
  }

  async backup(): Promise<Backup> {
    const text = await readIfThere(this.#layout.backup);
    if (text === undefined) return { kind: 'none' };
    try {
      return { kind: 'valid', device: this.#format.read(text.toString('utf8')) };
    } catch (thrown) {
      return { kind: 'damaged', reason: String(thrown) };
    }
  }

  /** After the hub has accepted the device: until then the backup is the one before. */
  async saveBackup(device: ProvisionedDevice, { spec, endpoint }: SavedSettings): Promise<void> {
    await write(this.#layout.backup, this.#format.write(device));
    const { registrationId, attestation, enrollment } = spec;
    const source = enrollment === 'manual' ? 'manual' : 'dps';
    const settings = {
      source,
      globalEndpoint: endpoint.hostName,
      scopeId: endpoint.idScope,
      registrationId,
      attestation,
    } as const;
    await write(this.#layout.settings, this.#format.writeSettings(settings));
  }

  /** Forgets device and modules, as before each reprovisioning. */
  async clear(device: ProvisionedDevice | undefined): Promise<void> {
    await rm(this.#layout.backup, { force: true });
    const modules = device && this.#layout.modules(device);
    if (modules !== undefined) await rm(modules, { recursive: true, force: true });
  }

  /** Modules of another device than this one are forgotten. */
  async keepModulesOf(device: ProvisionedDevice): Promise<void> {
    const directory = this.#layout.modules(device);
    if (directory === undefined || existsSync(directory)) return;
    await rm(dirname(directory), { recursive: true, force: true });
    await mkdir(directory, { recursive: true, mode: 0o700 });
  }

  /** Without its keys: they are derived again. */
  async saveModule(device: ProvisionedDevice, module: HubModuleIdentity): Promise<void> {
    const directory = this.#layout.modules(device);
    if (directory === undefined) return;
    const { moduleId, deviceId, generationId, managedBy } = module;
    const text = JSON.stringify({ moduleId, managedBy, deviceId, generationId });
    await write(join(directory, fileNameOf(moduleId)), text);
  }

  /**
   * Whether the containers on the device were made for another device or hub, so that the daemon removes them.
   *
   * @see reference chapter 2.6, `provisioning_state`: base64 of SHA-256 over device, gateway and hub
   */
  async isForAnotherDevice({ hub, deviceId }: ProvisionedDevice): Promise<boolean> {
    const path = this.#layout.provisioningState;
    if (path === undefined) return false;
    const now = createHash('sha256').update(deviceId).update(hub).update(hub).digest('base64');
    const before = (await readIfThere(path))?.toString('utf8');
    if (before !== now) await write(path, now);
    return before !== undefined && before !== now;
  }

  /** Made at the first use. */
  async masterKey(): Promise<Uint8Array> {
    const kept = await readIfThere(this.#layout.masterKey);
    if (kept !== undefined) return kept;
    const made = randomBytes(32);
    await write(this.#layout.masterKey, made);
    return made;
  }

  /** The identity certificate that the device renewed, when it ever did. */
  async identity(): Promise<IdentityFiles | undefined> {
    const certificate = await readIfThere(this.#layout.certificate(identityId));
    const key = await readIfThere(this.#layout.privateKey(identityId));
    if (certificate === undefined || key === undefined) return undefined;
    return { certificateChainPem: certificate.toString('utf8'), privateKeyPem: key.toString('utf8') };
  }

  /**
   * Keeps a new identity beside the one in use until its work has succeeded; then it takes the place of that one.
   */
  async replaceIdentity<T>(
    files: IdentityFiles,
    work: () => Promise<T>,
    succeeded: (value: T) => boolean,
  ): Promise<T> {
    const temporary = `${identityId}-temp`;
    const { certificate, privateKey } = this.#layout;
    await write(privateKey(temporary), files.privateKeyPem);
    await write(certificate(temporary), files.certificateChainPem);
    try {
      const value = await work();
      if (succeeded(value)) {
        await rename(privateKey(temporary), privateKey(identityId));
        await rename(certificate(temporary), certificate(identityId));
      }
      return value;
    } finally {
      await rm(privateKey(temporary), { force: true });
      await rm(certificate(temporary), { force: true });
    }
  }
}

const identityId = 'device-id';

/** Whole or not at all: a daemon is killed at any moment. */
async function write(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.new`;
  {
    await using file = await open(unfinished, 'w', 0o600);
    await file.writeFile(content);
  }
  await rename(unfinished, path);
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
