import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connectDpsControl, type DpsControl } from '../../simulators/index.ts';

/** What `dps-rig emulate` prints with `--json`, and its CA. */
export interface StartedEmulator {
  readonly idScope: string;
  readonly hubs: readonly string[];
  readonly managementUrl: string;
  readonly serviceConnectionString: string;
  /** Of the policy iothubowner, by hub. */
  readonly hubConnectionStrings: Readonly<Record<string, string>>;
  readonly policyConnectionStrings: Readonly<Record<string, string>>;
  readonly https: { readonly address: string; readonly port: number };
  readonly mqtt: { readonly port: number };
  readonly amqp: { readonly port: number };
  readonly caFile: string;
  readonly caPem: string;
}

/** `dps-rig emulate` in a process of its own, on free ports. */
export interface EmulatorProcess extends StartedEmulator, AsyncDisposable {
  readonly control: DpsControl;
}

/** Starts it for a test that ends the process itself, on free ports; it needs a `--state-dir`. */
export async function spawnEmulator(
  ...args: readonly string[]
): Promise<{ readonly child: ChildProcess; readonly started: StartedEmulator }> {
  const free = ['--https-port', '0', '--management-port', '0', '--json'];
  const child = spawn(process.execPath, ['harness/cli/main.ts', 'emulate', ...free, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const printed = JSON.parse(await firstLine(child)) as Omit<StartedEmulator, 'caPem'>;
  return { child, started: { ...printed, caPem: await readFile(printed.caFile, 'utf8') } };
}

/** Starts it, with a CA directory that goes with it. */
export async function startEmulatorProcess(...args: readonly string[]): Promise<EmulatorProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'dps-rig-test-'));
  const { child, started } = await spawnEmulator('--state-dir', directory, ...args);
  return {
    ...started,
    control: connectDpsControl(started.managementUrl),
    [Symbol.asyncDispose]: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGINT');
      const [code] = (await exited) as [number | null];
      await rm(directory, { recursive: true, force: true });
      if (code !== 0) throw new Error(`dps-rig emulate ended with ${String(code)}`);
    },
  };
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  if (stdout === null) throw new Error('no standard output');
  const signal = AbortSignal.timeout(20_000);
  const [line] = (await once(createInterface(stdout), 'line', { signal })) as [string];
  return line;
}
