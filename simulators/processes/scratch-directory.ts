import { randomBytes } from 'node:crypto';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startProcess } from './managed-process.ts';

/** A private directory that does not outlive this process. */
export interface ScratchDirectory extends AsyncDisposable {
  readonly path: string;
}

export interface ScratchDirectoryOptions {
  /** Start of the directory's name, e.g. `swtpm`. */
  readonly name: string;
  /** Where it is made; by default in memory (/dev/shm). */
  readonly parent?: string | undefined;
  /** Where it is made on systems without a writable directory in memory; the temporary directory by default. */
  readonly fallbackParent?: string | undefined;
}

// Its standard input is ours to hold: `read` returns when we close it or die, SIGKILL included. A program may
// still be writing there at that moment, so removal is tried again a few times.
const removeWhenAlone = `
  read -r _ <&3
  for _ in 1 2 3 4 5 6 7 8 9 10; do rm -rf -- "$1" && exit; sleep 0.2; done
`;

/**
 * Makes an empty directory (mode 0700) that is removed on disposal, and by a small guard process when this process
 * dies without disposing of it.
 *
 * @throws EnvironmentError when the guard cannot be started
 */
export async function openScratchDirectory(options: ScratchDirectoryOptions): Promise<ScratchDirectory> {
  const parent = options.parent ?? memoryDirectory() ?? options.fallbackParent ?? tmpdir();
  const path = join(parent, `dps-rig-${options.name}-${process.pid}-${randomBytes(4).toString('hex')}`);
  const guard = await startProcess({
    command: 'sh',
    args: ['-c', removeWhenAlone, 'dps-rig-guard', path],
    channels: 1,
    install: 'a POSIX shell belongs to every Linux system',
  });
  mkdirSync(path, { recursive: true, mode: 0o700 });
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await guard.stop();
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** A writable directory in memory, or undefined where the system has none. */
function memoryDirectory(): string | undefined {
  try {
    accessSync('/dev/shm', constants.W_OK);
    return '/dev/shm';
  } catch {
    return undefined;
  }
}
