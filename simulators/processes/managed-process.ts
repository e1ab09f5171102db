import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { EnvironmentError, InvariantError } from '../kernel/errors.ts';

/** How a process ended; one of the two is null. */
export interface ProcessExit {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface StartProcessOptions {
  /** The program, looked up in PATH; also what errors call it. */
  readonly command: string;
  readonly args: readonly string[];
  /** How many connected stream sockets the child gets, as its descriptors 3, 4, ... */
  readonly channels?: number;
  /** Command that installs the program, e.g. `sudo apt-get install swtpm`. */
  readonly install: string;
  /** How long `stop` waits after SIGTERM before it sends SIGKILL. */
  readonly stopDeadlineMs?: number;
}

/** A child process with a life: started, watched, and certainly gone after `stop`. */
export interface ManagedProcess extends AsyncDisposable {
  readonly pid: number;
  /** Our ends of the child's descriptors 3, 4, ...; the child sees end-of-file on them when this process dies. */
  readonly channels: readonly Socket[];
  /** Settles when the process has ended; never rejects. */
  readonly exited: Promise<ProcessExit>;
  /** The newest lines of its standard error, at most 20. */
  lastErrorLines(): readonly string[];
  /** Closes the channels, then SIGTERM, then SIGKILL after the deadline; returns when the process is gone. */
  stop(): Promise<ProcessExit>;
}

const keptErrorLines = 20;

/**
 * Starts a program and returns when the system has started it (not when it is ready to serve).
 *
 * The child gets a session of its own: Ctrl-C on the terminal must reach dps-rig alone, which then ends its
 * children in order. What keeps a child from outliving a killed parent is its channels, so a program without any
 * should end by itself.
 *
 * @throws EnvironmentError when the program is missing or the system refuses to start it
 */
export async function startProcess(options: StartProcessOptions): Promise<ManagedProcess> {
  const { command, args, channels = 0, stopDeadlineMs = 2_000 } = options;
  const child = spawn(command, args, {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', ...Array.from({ length: channels }, () => 'pipe' as const)],
  });
  const { promise: exited, resolve: onExit } = Promise.withResolvers<ProcessExit>();
  child.once('exit', (exitCode, signal) => onExit({ exitCode, signal }));
  const pid = await started(child, options);
  const errorLines = keepLastLines(child.stderr);
  const sockets = channelSockets(child, channels);

  const stop = async (): Promise<ProcessExit> => {
    for (const socket of sockets) socket.destroy();
    child.kill('SIGTERM');
    const killTimer = setTimeout(() => child.kill('SIGKILL'), stopDeadlineMs);
    try {
      return await exited;
    } finally {
      clearTimeout(killTimer);
      child.stderr?.destroy();
    }
  };
  return {
    pid,
    channels: sockets,
    exited,
    lastErrorLines: () => [...errorLines],
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}

function started(child: ChildProcess, { command, install }: StartProcessOptions): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('spawn', () => resolve(child.pid ?? 0));
  child.on('error', (cause: NodeJS.ErrnoException) => {
    const missing = cause.code === 'ENOENT';
    reject(
      new EnvironmentError(
        command,
        missing ? 'is not installed' : `could not be started (${cause.code ?? cause.message})`,
        {
          hint: missing
            ? `Install it: ${install}`
            : 'Raise the limits on processes and open files (ulimit -u, ulimit -n).',
          cause,
        },
      ),
    );
  });
  return promise;
}

function keepLastLines(stream: Readable | null): readonly string[] {
  const lines: string[] = [];
  if (stream === null) return lines;
  createInterface({ input: stream }).on('line', (line) => {
    lines.push(line);
    if (lines.length > keptErrorLines) lines.shift();
  });
  return lines;
}

function channelSockets(child: ChildProcess, channels: number): Socket[] {
  return child.stdio.slice(3, 3 + channels).map((stream) => {
    // Node makes 'pipe' descriptors as a connected pair of Unix sockets, usable in both directions.
    if (!(stream instanceof Socket)) throw new InvariantError('a channel of a child process is no socket');
    return stream;
  });
}
