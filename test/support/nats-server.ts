import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './rig-program.ts';

/** A NATS server with JetStream on a free loopback port, for one test. */
export interface NatsServer extends AsyncDisposable {
  readonly url: string;
}

/** Why there is none on this machine; undefined when there is one. */
export function natsServerMissing(): string | undefined {
  try {
    execFileSync('nats-server', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'nats-server is not installed: apt-get install nats-server, or scripts/setup --nats';
  }
}

/** @param more as on its command line */
export async function startNatsServer(...more: readonly string[]): Promise<NatsServer> {
  const directory = mkdtempSync(join(tmpdir(), 'dps-rig-nats-'));
  const child = spawn(
    'nats-server',
    [
      ...['--jetstream', '--store_dir', directory, '--addr', '127.0.0.1', '--port', '-1'],
      ...['--ports_file_dir', directory, ...more],
    ],
    { stdio: 'ignore' },
  );
  const portsFile = join(directory, `nats-server_${child.pid}.ports`);
  let url = '';
  await eventually(() => {
    url = urlFrom(portsFile) ?? '';
    return url !== '';
  });
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      await end(child);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function urlFrom(portsFile: string): string | undefined {
  try {
    return (JSON.parse(readFileSync(portsFile, 'utf8')) as { readonly nats: readonly string[] }).nats[0];
  } catch {
    return undefined; // not written yet
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
