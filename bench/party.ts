import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/**
 * A party of a benchmark: one script in a process of its own, so that its CPU time is its own. The script calls
 * {@link serveParty} with named calls; the bench calls them one after the other.
 */
export interface Party extends AsyncDisposable {
  readonly pid: number;
  /** Runs one call in the party and returns its result with the CPU time that the party's process used meanwhile. */
  call<T>(name: string, argument?: unknown): Promise<Measured<T>>;
}

export interface Measured<T> {
  readonly value: T;
  /** User and system, all threads of the process. */
  readonly cpuMs: number;
  readonly wallMs: number;
}

type Reply =
  | { readonly ok: true; readonly measured: Measured<unknown> }
  | { readonly ok: false; readonly error: string };

/** Starts a party. Its calls have a deadline of ten minutes. */
export function startParty(script: URL, environment: Readonly<Record<string, string>> = {}): Party {
  const child = fork(script, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...environment },
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${script.pathname} did not start`);
  return {
    pid,
    call: async <T>(name: string, argument?: unknown) => {
      if (!child.connected) throw new Error(`${script.pathname} has ended: its error is above`);
      child.send({ name, argument });
      const reply = await nextReply(child, `${script.pathname} ${name}`);
      if (!reply.ok) throw new Error(`${name}: ${reply.error}`);
      return reply.measured as Measured<T>;
    },
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** The other side: answers calls until the parent goes away. */
export function serveParty(calls: Readonly<Record<string, (argument: never) => Promise<unknown>>>): void {
  process.on('disconnect', () => process.exit(0));
  process.on('message', (message: { name: string; argument: never }) => {
    void answer(calls[message.name], message).then((reply) => process.send?.(reply));
  });
}

async function answer(
  call: ((argument: never) => Promise<unknown>) | undefined,
  message: { name: string; argument: never },
): Promise<Reply> {
  if (call === undefined) return { ok: false, error: `no call ${message.name}` };
  const cpu = process.cpuUsage();
  const began = performance.now();
  try {
    const value = await call(message.argument);
    const used = process.cpuUsage(cpu);
    return {
      ok: true,
      measured: { value, cpuMs: (used.user + used.system) / 1000, wallMs: performance.now() - began },
    };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

async function nextReply(child: ChildProcess, what: string): Promise<Reply> {
  const done = new AbortController();
  const signal = AbortSignal.any([done.signal, AbortSignal.timeout(600_000)]);
  const exited = once(child, 'exit', { signal }).then(
    ([code]): Reply => ({ ok: false, error: `${what} exited with ${String(code)}` }),
  );
  const replied = once(child, 'message', { signal }).then(([reply]) => reply as Reply);
  for (const loser of [exited, replied]) loser.catch(() => undefined);
  try {
    return await Promise.race([exited, replied]);
  } finally {
    done.abort();
  }
}
