import { randomBytes } from 'node:crypto';
import { accessSync, constants, mkdirSync, readFileSync } from 'node:fs';
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
  /** Modules will be loaded from there: memory that is mounted `noexec`, as in most containers, is no place for them. */
  readonly holdsModules?: boolean;
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
  const memory = memoryDirectory();
  const inMemory =
    memory !== undefined && options.holdsModules === true && isNoexec(memory) ? undefined : memory;
  const parent = options.parent ?? inMemory ?? options.fallbackParent ?? tmpdir();
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

/** Whether the system refuses to load code from the file system that is mounted there. */
export function isNoexec(mountPoint: string, mounts = readMounts()): boolean {
  const lines = mounts.split('\n').map((line) => line.split(' '));
  // The last one mounted there is the one that is seen.
  const options = lines.findLast(([, point]) => point === mountPoint)?.[3] ?? '';
  return options.split(',').includes('noexec');
}

/** fstab(5): device, mount point, type, options; empty on systems without /proc. */
function readMounts(): string {
  try {
    return readFileSync('/proc/self/mounts', 'utf8');
  } catch {
    return '';
  }
}
