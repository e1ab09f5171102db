import { execFile, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const MINUTE = 60_000;

/** What a command left: never thrown for its exit code, as half of the tests are about that. */
export interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Everything that this process of tests makes carries the label `dps-rig=<this>`: it is removed by that. */
export const testLabel = `test-${process.ppid}`;

/** Runs a program to its end. */
export async function run(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const options = {
    timeout: 5 * MINUTE,
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, ...environment },
  };
  return promisify(execFile)(program, args, options).then(
    ({ stdout, stderr }) => ({ exitCode: 0, stdout, stderr }),
    (error: unknown) => {
      const {
        code,
        stdout = '',
        stderr = '',
      } = error as { code?: unknown; stdout?: string; stderr?: string };
      if (typeof code !== 'number') throw error;
      return { exitCode: code, stdout, stderr };
    },
  );
}

/** Runs `docker` and returns what it printed. @throws when it fails, with what it said */
export async function docker(...args: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await run('docker', args);
  if (exitCode !== 0) throw new Error(`docker ${args.join(' ')} ended with ${exitCode}\n${stdout}${stderr}`);
  return stdout.trim();
}

/** How the images are meant to be run: nothing can be written but volumes and /tmp, and no capability is left. */
const hardened = [
  ...['--init', '--read-only', '--tmpfs', '/tmp:exec', '--cap-drop', 'ALL'],
  ...['--security-opt', 'no-new-privileges', '--label', `dps-rig=${testLabel}`],
];

/** A container in the background; disposing of it removes it and its nameless volumes. */
export async function startContainer(
  ...args: readonly string[]
): Promise<AsyncDisposable & { readonly id: string }> {
  const id = await docker('run', '--detach', ...hardened, ...args);
  return { id, [Symbol.asyncDispose]: async () => void (await docker('rm', '--force', '--volumes', id)) };
}

/** Runs a container to its end. */
export const runContainer = (...args: readonly string[]): Promise<Ended> =>
  run('docker', ['run', '--rm', ...hardened, ...args]);

/** A network or a volume with the label of these tests. */
export async function createLabelled(
  kind: 'network' | 'volume',
): Promise<AsyncDisposable & { readonly name: string }> {
  const name = await docker(
    kind,
    'create',
    '--label',
    `dps-rig=${testLabel}`,
    ...(kind === 'network' ? [`dps-rig-${testLabel}-${Date.now()}`] : []),
  );
  return { name, [Symbol.asyncDispose]: async () => void (await docker(kind, 'rm', name)) };
}

/** Waits until Docker's own health check says `healthy`. @throws with the log when the container ends or a minute is over */
export async function healthy(container: string): Promise<void> {
  const state = (): Promise<string> =>
    docker('inspect', '--format', '{{.State.Status}} {{.State.Health.Status}}', container);
  await until(async () => {
    const now = await state();
    if (now.startsWith('running')) return now === 'running healthy';
    throw new Error(`the container is ${now}`);
  }, 'health').catch(async (cause: unknown) => {
    const { stdout, stderr } = await run('docker', ['logs', container]);
    throw new Error(`the container is ${await state()}:\n${stdout}${stderr}`, { cause });
  });
}

/** Looks until it holds: what happens in a container cannot be subscribed to. @throws after a minute */
export async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = Date.now() + MINUTE;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`${what} did not come within a minute`);
    await pause(200);
  }
}

/** The Compose implementation of this machine: the plugin, or the older program. */
export const composeCommand = (): readonly string[] | undefined =>
  [['docker', 'compose'], ['docker-compose']].find(([program = '', ...args]) =>
    answers(program, ...args, 'version'),
  );

/** Whether a program ends well. */
export const answers = (program: string, ...args: readonly string[]): boolean =>
  (spawnSync(program, args, { stdio: 'ignore', timeout: MINUTE }) as SpawnSyncReturns<Buffer>).status === 0;
