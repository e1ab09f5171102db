import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connectDpsControl, type DpsControl } from '../../simulators/index.ts';

/** `dps-rig emulate` in a process of its own, on free ports. */
export interface EmulatorProcess extends AsyncDisposable {
  readonly idScope: string;
  readonly hubs: readonly string[];
  readonly managementUrl: string;
  readonly serviceConnectionString: string;
  readonly policyConnectionStrings: Readonly<Record<string, string>>;
  readonly https: { readonly address: string; readonly port: number };
  readonly mqtt: { readonly port: number };
  readonly amqp: { readonly port: number };
  readonly caFile: string;
  readonly caPem: string;
  readonly control: DpsControl;
}

/** Starts it, with a CA directory that goes with it. */
export async function startEmulatorProcess(...args: readonly string[]): Promise<EmulatorProcess> {
  const directory = await mkdtemp(join(tmpdir(), 'dps-rig-test-'));
  const free = ['--https-port', '0', '--management-port', '0', '--state-dir', directory, '--json'];
  const child = spawn(process.execPath, ['harness/cli/main.ts', 'emulate', ...free, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const started = JSON.parse(await firstLine(child)) as {
    idScope: string;
    hubs: readonly string[];
    https: { address: string; port: number };
    mqtt: { port: number };
    amqp: { port: number };
    managementUrl: string;
    serviceConnectionString: string;
    policyConnectionStrings: Record<string, string>;
    caFile: string;
  };
  return {
    ...started,
    caPem: await readFile(started.caFile, 'utf8'),
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
