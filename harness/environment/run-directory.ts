import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const pattern = /^dps-rig-run-(\d+)-/;

/** A directory for one run's credentials and TPM states, readable by this user alone; gone when disposed of. */
export interface RunDirectory extends Disposable {
  readonly path: string;
}

/** Makes the directory, and removes those that killed runs have left. */
export function openRunDirectory(parent = tmpdir()): RunDirectory {
  removeStale(parent);
  const path = mkdtempSync(join(parent, `dps-rig-run-${process.pid}-`));
  const remove = (): void => rmSync(path, { recursive: true, force: true });
  process.once('exit', remove); // also when the second interrupt ends the process at once
  return {
    path,
    [Symbol.dispose]: () => {
      process.removeListener('exit', remove);
      remove();
    },
  };
}

function removeStale(parent: string): void {
  for (const name of readdirSync(parent)) {
    const pid = pattern.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid)))
      rmSync(join(parent, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
