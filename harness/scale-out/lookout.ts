import { systemClock } from '../../simulators/kernel/clock.ts';
import { toError } from '../../simulators/kernel/errors.ts';
import type { TokenSessions } from '../load/range-tasks.ts';
import type { Ask } from './ask.ts';
import type { HeldRanges } from './held-ranges.ts';
import type { RunPhase } from './messages.ts';

const EVERY_MS = 500;

/** A worker's ear at its coordinator: tells what the worker has done so far, and is told how the run stands. */
export class Lookout implements AsyncDisposable {
  ready = false;
  readonly #parts: { readonly ask: Ask; readonly worker: string; readonly held: HeldRanges };
  readonly #stop = new AbortController();
  readonly #started = Promise.withResolvers<number>();
  readonly #closed = new AbortController();
  readonly #looking: Promise<void>;
  readonly #earlier = process.cpuUsage();
  #sessions: TokenSessions = { opened: 0, open: 0 };
  #failure: Error | undefined;
  #phase: RunPhase = { kind: 'arming' };
  #sequence = 0;

  constructor(parts: { readonly ask: Ask; readonly worker: string; readonly held: HeldRanges }) {
    this.#parts = parts;
    this.#looking = this.#look();
  }

  get phase(): RunPhase['kind'] {
    return this.#phase.kind;
  }

  /** No device may start any more: the run is over, or its coordinator is gone. */
  get stopped(): AbortSignal {
    return this.#stop.signal;
  }

  /** When all start, or started; now when the run is over before. Milliseconds of the epoch. */
  get started(): Promise<number> {
    return this.#started.promise;
  }

  /** @throws what made the coordinator unreachable, if it was */
  throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Ends the run for this worker. */
  fail(error: unknown): void {
    this.#failure ??= toError(error);
    this.#end();
  }

  addSessions({ opened, open }: TokenSessions): void {
    this.#sessions = { opened: this.#sessions.opened + opened, open: this.#sessions.open + open };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    this.#end();
    await this.#looking;
    // What it has used in all is known only now.
    if (this.#failure === undefined) await this.#tell().catch(() => undefined);
  }

  async #look(): Promise<void> {
    while (!this.#closed.signal.aborted) {
      try {
        await this.#tell();
      } catch (error) {
        this.fail(error);
        return;
      }
      await systemClock.sleepMs(EVERY_MS, this.#closed.signal).catch(() => undefined);
    }
  }

  async #tell(): Promise<void> {
    const { ask, worker, held } = this.#parts;
    const cpu = process.cpuUsage(this.#earlier);
    this.#sequence += 1;
    const { phase } = await ask('snapshot', {
      worker,
      sequence: this.#sequence,
      ready: this.ready,
      cpuMs: (cpu.user + cpu.system) / 1000,
      tokenSessions: this.#sessions,
      ranges: held.report(),
    });
    this.#phase = phase;
    if (phase.kind === 'going') this.#started.resolve(phase.startAtMs);
    if (phase.kind === 'draining' || phase.kind === 'done') this.#end();
  }

  #end(): void {
    this.#stop.abort();
    this.#started.resolve(Date.now());
  }
}
