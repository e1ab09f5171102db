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

export interface NatsServerOptions {
  /** A configuration file, and what it takes from the environment. Default: JetStream, and everybody may come in. */
  readonly config?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Starts it, and waits until it can be reached. */
export async function startNatsServer({ config, environment }: NatsServerOptions = {}): Promise<NatsServer> {
  const directory = mkdtempSync(join(tmpdir(), 'dps-rig-nats-'));
  const what = config === undefined ? ['--jetstream', '--store_dir', directory] : ['--config', config];
  const where = ['--addr', '127.0.0.1', '--port', '-1', '--ports_file_dir', directory];
  const child = spawn('nats-server', [...what, ...where], {
    stdio: 'ignore',
    env: { ...process.env, ...environment },
  });
  const stop = async (): Promise<void> => {
    await end(child);
    rmSync(directory, { recursive: true, force: true });
  };
  const portsFile = join(directory, `nats-server_${child.pid}.ports`);
  let url: string | undefined;
  try {
    await eventually(() => {
      url = urlFrom(portsFile);
      return url !== undefined;
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url: url ?? '', [Symbol.asyncDispose]: stop };
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
