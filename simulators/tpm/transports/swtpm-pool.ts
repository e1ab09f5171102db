import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { InvariantError, TransportError } from '../../kernel/errors.ts';
import { createLimiter } from '../../kernel/limiter.ts';
import { openScratchDirectory } from '../../processes/scratch-directory.ts';
import type { TpmTransport } from '../transport.ts';
import { watchState } from './state-watch.ts';
import { openSwtpmProcess, type SwtpmProcess } from './swtpm-process.ts';

/** Where the permanent state of one TPM is kept while no process holds it. */
export interface StateStore {
  load(): Promise<Uint8Array>;
  save(state: Uint8Array): Promise<void>;
}

/** What a device or a test does with a TPM between taking it and giving it back. */
export type TpmFlow<T> = (transport: TpmTransport) => Promise<T>;

export interface SwtpmPoolOptions {
  /** How many swtpm processes, that is how many TPMs can be in use at once; the number of cores is a good one. */
  readonly size: number;
  /** Where the processes keep their files on systems without a writable directory in memory. */
  readonly workDirectory?: string | undefined;
  readonly responseDeadlineMs?: number | undefined;
}

/** A few swtpm processes that any number of TPMs take turns in. */
export interface SwtpmPool extends AsyncDisposable {
  readonly size: number;
  /** The processes that are alive now. */
  readonly processIds: readonly number[];
  /**
   * Puts a TPM into a free process, runs the flow on it, and saves its state if that may have changed.
   *
   * The TPM comes freshly started: sessions and transient objects do not survive from one flow to the next. A
   * process that dies fails the flow that it was on (`TPM_PROCESS_EXITED`), keeps what the TPM had acknowledged,
   * and is replaced.
   *
   * @throws whatever the flow throws, after the state has been saved
   */
  use<T>(store: StateStore, flow: TpmFlow<T>, signal: AbortSignal): Promise<T>;
}

/** @throws EnvironmentError when swtpm is missing or does not start */
export async function openSwtpmPool(options: SwtpmPoolOptions): Promise<SwtpmPool> {
  const { size, workDirectory, responseDeadlineMs } = options;
  await using cleanup = new AsyncDisposableStack();
  const scratch = cleanup.use(
    await openScratchDirectory({ name: 'swtpm-pool', fallbackParent: workDirectory }),
  );
  const workers = Array.from({ length: size }, (_, index) =>
    cleanup.use(new Worker(join(scratch.path, String(index)), responseDeadlineMs)),
  );
  // All of them, also when one fails: a start that is still under way could not be undone.
  const starts = await Promise.allSettled(workers.map((worker) => worker.start()));
  for (const start of starts) if (start.status === 'rejected') throw start.reason;

  const resources = cleanup.move();
  const idle = [...workers];
  const turns = createLimiter(size);
  return {
    size,
    get processIds() {
      return workers.flatMap((worker) => worker.processId ?? []);
    },
    use: (store, flow, signal) =>
      turns.run(async () => {
        const worker = idle.pop();
        if (worker === undefined) throw new InvariantError('the pool lent more processes than it has');
        try {
          return await worker.use(store, flow);
        } finally {
          idle.push(worker);
        }
      }, signal),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** One place in the pool: a directory, and the process that works in it until it dies and gets a successor. */
class Worker implements AsyncDisposable {
  readonly #stateDirectory: string;
  readonly #responseDeadlineMs: number | undefined;
  #tpm: SwtpmProcess | undefined;
  #starting: Promise<SwtpmProcess> | undefined;
  #closed = false;

  constructor(stateDirectory: string, responseDeadlineMs: number | undefined) {
    this.#stateDirectory = stateDirectory;
    this.#responseDeadlineMs = responseDeadlineMs;
  }

  get processId(): number | undefined {
    return this.#tpm?.usable === true ? this.#tpm.pid : undefined;
  }

  async use<T>(store: StateStore, flow: TpmFlow<T>): Promise<T> {
    const tpm = await this.#swapIn(await store.load());
    const watch = watchState(tpm);
    try {
      return await flow(watch.transport);
    } finally {
      watch.end();
      // What a killed TPM had acknowledged is in its file: the successor reads it.
      const survivor = tpm.usable ? tpm : await this.start();
      if (watch.stateMayHaveChanged) await store.save(await survivor.getState());
      if (watch.localityWasSet) await survivor.setLocality(0);
    }
  }

  /** Starts a process, in place of the one before if there was one. */
  async start(): Promise<SwtpmProcess> {
    await this.#tpm?.close();
    this.#tpm = undefined;
    if (this.#closed) throw new TransportError('tpm', 'TPM_POOL_CLOSED', 'the TPM pool has been closed');
    this.#starting = this.#open();
    this.#tpm = await this.#starting;
    return this.#tpm;
  }

  /** A flow that is on the process fails. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    const started = await this.#starting?.catch(() => undefined);
    await started?.close();
  }

  async #open(): Promise<SwtpmProcess> {
    const [stateDirectory, responseDeadlineMs] = [this.#stateDirectory, this.#responseDeadlineMs];
    try {
      return await openSwtpmProcess({ stateDirectory, responseDeadlineMs });
    } catch (error) {
      // Whatever it was, the next attempt does not have to stumble over the same file.
      await rm(stateDirectory, { recursive: true, force: true });
      throw error;
    }
  }

  async #swapIn(state: Uint8Array): Promise<SwtpmProcess> {
    const tpm = this.#tpm?.usable === true ? this.#tpm : await this.start();
    try {
      await tpm.setState(state);
      return tpm;
    } catch (error) {
      if (tpm.usable) throw error;
    }
    // It had died while it was idle, unnoticed until now; that is nothing to the TPM that was to come.
    const successor = await this.start();
    await successor.setState(state);
    return successor;
  }
}
