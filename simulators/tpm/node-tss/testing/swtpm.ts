import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';

/** A swtpm with an empty state of its own, reachable by TCTI string until it is disposed. */
export interface TestSwtpm extends AsyncDisposable {
  readonly tctiString: string;
  /** Stops the process: it keeps its connections and answers nothing more, until it is disposed. */
  freeze(): void;
}

export async function startTestSwtpm(): Promise<TestSwtpm> {
  const directory = await mkdtemp(join(tmpdir(), 'node-tss-'));
  const path = join(directory, 'swtpm');
  const child = spawn(
    'swtpm',
    [
      ...['socket', '--tpm2', '--tpmstate', `dir=${directory}`],
      ...['--server', `type=unixio,path=${path}`, '--ctrl', `type=unixio,path=${path}.ctrl`],
      ...['--flags', 'not-need-init,startup-clear'],
    ],
    { stdio: 'ignore' },
  );
  const exited = once(child, 'exit');
  // Both sockets listen once the later of the two files is there.
  await vi.waitFor(async () => Promise.all([access(path), access(`${path}.ctrl`)]), {
    timeout: 10_000,
    interval: 5,
  });
  return {
    tctiString: `swtpm:path=${path}`,
    freeze: () => void child.kill('SIGSTOP'),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await exited;
      await rm(directory, { recursive: true });
    },
  };
}

/** libtss2 writes every error to standard error as well; tests provoke errors on purpose. */
export function silenceTssLog(): void {
  Object.assign(process.env, { TSS2_LOG: 'all+none' });
}
