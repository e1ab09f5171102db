import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { EnvironmentError } from '../kernel/errors.ts';
import { type Cryptoki, loadWithEnvironment } from './cryptoki.ts';
import { findSoftHsmModule } from './probe.ts';

/** A SoftHSM of its own: a copy of the module with a token directory that no other copy sees. */
export interface SoftHsmInstance {
  readonly modulePath: string;
  /** SOFTHSM2_CONF for outside programs. */
  readonly configuration: string;
  readonly tokenDirectory: string;
}

/** @throws EnvironmentError when SoftHSM is not installed */
export function requireSoftHsm(): string {
  const path = findSoftHsmModule();
  if (path !== undefined) return path;
  throw new EnvironmentError('SoftHSM2', 'libsofthsm2.so was not found', {
    hint: 'Install it: apt-get install softhsm2',
  });
}

/** The instance that {@link createSoftHsm} has laid out in this directory. */
export const softHsmIn = (directory: string, client = 'libsofthsm2.so'): SoftHsmInstance => ({
  modulePath: join(directory, basename(client)),
  configuration: join(directory, 'softhsm2.conf'),
  tokenDirectory: join(directory, 'tokens'),
});

/**
 * Lays out an instance in a directory of its own; tokens are put into `tokenDirectory` before it is started.
 *
 * The module file is copied because the dynamic loader takes another file for another library: that is how several
 * SoftHSMs, each with its own locks and tokens, live in one process and work in parallel.
 *
 * @param client path of a module that reaches a SoftHSM elsewhere, with these tokens. Default: SoftHSM itself
 */
export function createSoftHsm(directory: string, client?: string): SoftHsmInstance {
  const instance = softHsmIn(directory, client);
  const module = client ?? requireSoftHsm();
  mkdirSync(instance.tokenDirectory, { recursive: true, mode: 0o700 });
  copyFileSync(module, instance.modulePath);
  const settings = {
    'directories.tokendir': instance.tokenDirectory,
    'objectstore.backend': 'file', // the other one, db, is not in Debian's build
    'log.level': 'ERROR',
    'slots.removable': 'false',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}\n`);
  writeFileSync(instance.configuration, lines.join(''), { mode: 0o600 });
  return instance;
}

/**
 * Starts an instance in this process. For the main thread, before workers that use it start: only there does a change
 * of the environment reach SoftHSM, which reads it in C_Initialize.
 *
 * @throws EnvironmentError when SoftHSM refuses
 */
export const startSoftHsm = ({ modulePath, configuration }: SoftHsmInstance): Cryptoki =>
  loadWithEnvironment(modulePath, { SOFTHSM2_CONF: configuration });
