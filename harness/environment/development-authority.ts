import { createHash } from 'node:crypto';
import { chmod, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  createTestPki,
  type EnrollmentGroup,
  openTestPki,
  type PkiBundle,
  type TestPki,
} from '../../simulators/index.ts';
import { makeDirectory } from '../../simulators/kernel/make-directory.ts';

/** The emulator's own CA, kept between starts so that it has to be trusted only once. */
export interface DevelopmentAuthority {
  readonly pki: TestPki;
  readonly bundle: PkiBundle;
  /** The root, for clients to trust; world-readable. */
  readonly caFile: string;
  readonly directory: string;
}

/** `${XDG_STATE_HOME:-~/.local/state}/dps-rig/emulator` */
export function defaultStateDirectory(environment: NodeJS.ProcessEnv = process.env): string {
  return join(environment['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'dps-rig', 'emulator');
}

/** Opens the CA of a directory, and makes it when there is none. Private keys are readable by this user alone. */
export async function openDevelopmentAuthority(directory: string): Promise<DevelopmentAuthority> {
  makeDirectory(directory, "the emulator's CA", 0o700);
  const keyFile = join(directory, 'ca.json');
  const caFile = join(directory, 'ca.pem');
  const known = await readFile(keyFile, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  const bundle =
    known === undefined
      ? (await createTestPki({ name: 'dps-rig emulator' })).bundle
      : (JSON.parse(known) as PkiBundle);
  if (known === undefined) await writeWhole(keyFile, JSON.stringify(bundle), 0o600);
  await writeWhole(caFile, bundle.rootPem, 0o644);
  return { pki: await openTestPki(bundle), bundle, caFile, directory };
}

/**
 * A key that everybody knows, on purpose: base64 of SHA-512 over its own warning. Never give it to a real service.
 */
export const DEVELOPMENT_GROUP_KEY = createHash('sha512')
  .update('dps-rig development group key: public on purpose, never use it elsewhere')
  .digest('base64');

/** Likewise: the key of the service policy of an emulator on loopback. */
export const DEVELOPMENT_SERVICE_KEY = createHash('sha256')
  .update('dps-rig development service key: public on purpose, never use it elsewhere')
  .digest('base64');

/** The group that the emulator starts with: any registrationId may register with a key derived from its key. */
export const developmentGroup = {
  enrollmentGroupId: 'development-only',
  attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: DEVELOPMENT_GROUP_KEY } },
} as const satisfies EnrollmentGroup;

async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  await writeFile(part, text, { mode });
  await chmod(part, mode);
  await rename(part, path);
}
