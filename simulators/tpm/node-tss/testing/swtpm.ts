import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
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
  await vi.waitFor(() => expectListening(path, `${path}.ctrl`), { timeout: 10_000, interval: 5 });
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

/**
 * A socket's file is there before anybody listens on it, and a connection made to find out would be swtpm's only one.
 *
 * @see proc(5): the flag 0x10000 (SO_ACCEPTCON) in /proc/net/unix
 */
async function expectListening(...paths: readonly string[]): Promise<void> {
  const lines = (await readFile('/proc/net/unix', 'utf8')).split('\n');
  for (const path of paths) {
    if (!lines.some((line) => / 00010000 /.test(line) && line.endsWith(` ${path}`))) {
      throw new Error(`nobody listens on ${path}`);
    }
  }
}

/** libtss2 writes every error to standard error as well; tests provoke errors on purpose. */
export function silenceTssLog(): void {
  Object.assign(process.env, { TSS2_LOG: 'all+none' });
}
