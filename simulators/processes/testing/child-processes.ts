import { readdirSync, readFileSync } from 'node:fs';
import { waitFor } from '../wait-for.ts';

/** Command lines of this process' children that are alive, zombies included, from Linux' process table. */
export function childProcesses(): string[] {
  return readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8')
      .split(' ')
      .filter((pid) => pid !== '')
      .map((pid) => `${pid} ${describe(pid)}`),
  );
}

/** Fails when a child process is still there after a second; closing one takes the system a moment. */
export async function expectNoChildProcessLeft(): Promise<void> {
  let left: string[] = [];
  const gone = waitFor(
    () => {
      left = childProcesses();
      return left.length === 0;
    },
    { what: 'the end of all child processes', deadlineMs: 1_000 },
  );
  await gone.catch((cause: unknown) => {
    throw new Error(`child processes are left: ${left.join(', ')}`, { cause });
  });
}

/** Whether a process exists, zombies included. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function describe(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '(ended)';
  }
}
