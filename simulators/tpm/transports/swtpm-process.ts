import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { abortError } from '../../kernel/deadline.ts';
import { EnvironmentError, InvariantError, TransportError } from '../../kernel/errors.ts';
import { type ManagedProcess, type ProcessExit, startProcess } from '../../processes/managed-process.ts';
import { openScratchDirectory } from '../../processes/scratch-directory.ts';
import { SwtpmConnection } from './swtpm-connection.ts';

export interface SwtpmProcessOptions {
  /** Directory of this process alone, made when missing; by default one in memory that goes with the process. */
  readonly stateDirectory?: string | undefined;
  /** Permanent state to start from, as `getState` gives it; by default what the directory holds, or a new TPM. */
  readonly state?: Uint8Array | undefined;
  /** How long one command may take before the connection is given up. Default: 30 s. */
  readonly responseDeadlineMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const permanentStateFile = 'tpm2-00.permall';

/**
 * Starts a swtpm of our own and powers it on: TPM2_Startup(CLEAR) is done when this returns.
 *
 * @throws EnvironmentError when swtpm is missing, or does not start on its directory (in use, damaged file)
 * @throws TransportError `SWTPM_CONTROL_REFUSED` when the given state is damaged
 */
export async function openSwtpmProcess(options: SwtpmProcessOptions = {}): Promise<SwtpmProcess> {
  if (options.signal?.aborted === true) throw abortError(options.signal);
  await using cleanup = new AsyncDisposableStack();
  const directory = options.stateDirectory ?? cleanup.use(await openScratchDirectory({ name: 'swtpm' })).path;
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const child = await startProcess({
    command: 'swtpm',
    args: [
      ...['socket', '--tpm2', '--fd', '3', '--ctrl', 'type=unixio,clientfd=4'],
      ...['--tpmstate', `dir=${directory},mode=0600`],
    ],
    channels: 2,
    install: 'sudo apt-get install swtpm',
  });
  cleanup.use(child);
  const tpm = new SwtpmProcess(child, directory, options.responseDeadlineMs, cleanup.move());
  try {
    await tpm.powerOn(options.state);
    return tpm;
  } catch (error) {
    await tpm.close();
    // A refused state is the caller's; without one, or without a process any more, something is wrong here.
    const stateRefused = error instanceof TransportError && error.code === 'SWTPM_CONTROL_REFUSED';
    if (stateRefused && options.state !== undefined) throw error;
    throw new EnvironmentError('swtpm', `does not start on ${directory}`, {
      lastLogLines: child.lastErrorLines(),
      cause: error,
    });
  }
}

/** A swtpm process of our own; made by `openSwtpmProcess`. Closing it ends the process. */
export class SwtpmProcess extends SwtpmConnection {
  /** It stays when it was given, and goes with the process when it was not. */
  readonly stateDirectory: string;
  readonly #child: ManagedProcess;

  /** @param resources what to let go of after the connections: the process, its directory */
  constructor(
    child: ManagedProcess,
    stateDirectory: string,
    responseDeadlineMs: number | undefined,
    resources: AsyncDisposableStack,
  ) {
    const [data, control] = child.channels;
    if (data === undefined || control === undefined) throw new InvariantError('a swtpm needs two channels');
    super({
      data,
      control,
      responseDeadlineMs,
      goneError: () => exitedError(child),
      release: () => resources.disposeAsync(),
    });
    this.stateDirectory = stateDirectory;
    this.#child = child;
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Settles when the process has ended, for whatever reason. */
  get exited(): Promise<ProcessExit> {
    return this.#child.exited;
  }

  /** Makes it another, factory-new TPM with seeds of its own. */
  async renew(): Promise<void> {
    await this.powerOff();
    // The file must go: an empty state blob would give all-zero seeds instead of new ones.
    await rm(join(this.stateDirectory, permanentStateFile), { force: true });
    await this.powerOn();
  }
}

function exitedError(child: ManagedProcess): TransportError {
  const lines = child.lastErrorLines();
  const said = lines.length === 0 ? '' : `; it said: ${lines.join(' | ')}`;
  return new TransportError('tpm', 'TPM_PROCESS_EXITED', `swtpm ${child.pid} has ended${said}`);
}
