import { existsSync } from 'node:fs';
import pkcs11js from 'pkcs11js'; // CommonJS: Node finds only some of its names
import { CryptokiError, EnvironmentError } from '../kernel/errors.ts';
import { cryptokiError } from './cryptoki.ts';

/** What a PKCS#11 module says of itself (C_GetInfo). */
export interface CryptokiModuleInfo {
  readonly path: string;
  readonly cryptokiVersion: string;
  readonly manufacturer: string;
  readonly library: string;
  readonly libraryVersion: string;
  readonly slots: number;
}

/** Where Debian, Ubuntu, Fedora, Arch and Homebrew put SoftHSM's module. */
const softHsmPaths = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib64/pkcs11/libsofthsm2.so',
  '/usr/lib/libsofthsm2.so',
  '/opt/homebrew/lib/softhsm/libsofthsm2.so',
];

/** The path of SoftHSM's PKCS#11 module, or undefined when it is not installed. */
export const findSoftHsmModule = (): string | undefined => softHsmPaths.find((path) => existsSync(path));

/**
 * Loads a PKCS#11 module, asks it who it is, and lets go of it.
 *
 * @throws EnvironmentError when it cannot be loaded or does not answer
 * @see PKCS #11 v2.40 §5.4 C_GetInfo
 */
export function probeCryptokiModule(path: string): CryptokiModuleInfo {
  const module = new pkcs11js.PKCS11();
  try {
    module.load(path);
    module.C_Initialize();
    const info = module.C_GetInfo();
    const version = (v: { major: number; minor: number }): string => `${v.major}.${v.minor}`;
    const slots = module.C_GetSlotList(false).length;
    module.C_Finalize();
    return {
      path,
      cryptokiVersion: version(info.cryptokiVersion),
      manufacturer: info.manufacturerID.trim(),
      library: info.libraryDescription.trim(),
      libraryVersion: version(info.libraryVersion),
      slots,
    };
  } catch (thrown) {
    const cause = cryptokiError(thrown, 'C_Initialize');
    const why = cause instanceof CryptokiError ? cause.message : 'it cannot be loaded';
    throw new EnvironmentError('pkcs11', `${path} does not work as a PKCS#11 module: ${why}`, { cause });
  } finally {
    module.close();
  }
}
