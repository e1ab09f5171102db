import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type RunResult, runResultSchema } from '../../reports/run-result.ts';

const program = fileURLToPath(new URL('../../harness/cli/main.ts', import.meta.url));
/** TPMs that tests made already: making them is slow, and no test is about it unless it says so. */
const sharedCache = fileURLToPath(new URL('../../.cache/e2e', import.meta.url));

/** The real program in a process of its own, with directories that nobody else uses. */
export interface RigProgram extends AsyncDisposable {
  /** Its TMPDIR: what a run leaves behind is found here. */
  readonly temporary: string;
  readonly out: string;
  /** Writes a scenario. @returns its path */
  scenario(toml: string): string;
  start(...args: readonly string[]): RunningProgram;
  /** Starts it, and waits until it has ended. */
  run(...args: readonly string[]): Promise<EndedProgram>;
  result(): RunResult;
  /** Processes with this program's TMPDIR in their environment, by name; the program itself is one. */
  processes(name: string): readonly number[];
}

export interface RunningProgram {
  readonly child: ChildProcess;
  readonly ended: Promise<EndedProgram>;
  /** Resolves when the program has written such a text to stderr. @throws when it ends before */
  says(text: RegExp): Promise<void>;
}

export interface EndedProgram {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RigProgramOptions {
  /** `own`: an empty TPM cache, for tests about making TPMs. */
  readonly cache?: 'own';
  readonly nodeOptions?: string;
  /** Beside what this process has in its environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

export function createRigProgram({ cache, nodeOptions, environment }: RigProgramOptions = {}): RigProgram {
  const home = mkdtempSync(join(tmpdir(), 'dps-rig-e2e-'));
  const temporary = join(home, 'tmp');
  const out = join(home, 'out');
  mkdirSync(temporary);
  const env = {
    ...process.env,
    TMPDIR: temporary,
    XDG_CACHE_HOME: cache === 'own' ? join(home, 'cache') : sharedCache,
    NO_COLOR: '1',
    ...environment,
    ...(nodeOptions === undefined ? {} : { NODE_OPTIONS: nodeOptions }),
  };
  const running = new Set<ChildProcess>();
  const start = (...args: readonly string[]): RunningProgram => {
    const child = spawn(process.execPath, [program, ...args], { env, cwd: home });
    running.add(child);
    return watch(child);
  };
  return {
    temporary,
    out,
    scenario: (toml) => {
      const path = join(home, 'scenario.toml');
      writeFileSync(path, toml);
      return path;
    },
    start,
    run: (...args) => start(...args).ended,
    result: () => runResultSchema.parse(JSON.parse(readFileSync(join(out, 'run-result.json'), 'utf8'))),
    processes: (name) => findProcesses(name, `TMPDIR=${temporary}`),
    [Symbol.asyncDispose]: async () => {
      for (const child of running) if (child.exitCode === null) child.kill('SIGKILL');
      await eventually(() => findProcesses('swtpm', `TMPDIR=${temporary}`).length === 0);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

function watch(child: ChildProcess): RunningProgram {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const { promise: ended, resolve } = Promise.withResolvers<EndedProgram>();
  child.on('close', (exitCode, signal) => resolve({ exitCode, signal, stdout, stderr }));
  return {
    child,
    ended,
    says: async (text) => {
      if (text.test(stderr)) return;
      const { promise: said, resolve: say } = Promise.withResolvers<void>();
      child.stderr?.on('data', () => {
        if (text.test(stderr)) say();
      });
      const early = ended.then(({ exitCode }) => {
        throw new Error(`ended with ${exitCode} and never said ${text}:\n${stderr}`);
      });
      await Promise.race([said, early]);
    },
  };
}

/** Looks until it holds: the end of another process cannot be subscribed to. @throws after 10 s */
export async function eventually(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`did not come true within 10 s: ${holds.toString()}`);
    await pause(20);
  }
}

function findProcesses(name: string, environment: string): readonly number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        if (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== name) return false;
        return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(environment);
      } catch {
        return false; // ended meanwhile
      }
    })
    .map(Number);
}
