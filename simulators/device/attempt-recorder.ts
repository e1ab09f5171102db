import type { Clock } from '../kernel/clock.ts';
import { toError } from '../kernel/errors.ts';
import type { DeviceResult, DeviceTrace, Phase, TraceStep } from './device-trace.ts';

/** A step that a device does not come to the end of. */
export interface WaitingFor {
  readonly phase: Phase;
  readonly step: string;
  readonly forMs: number;
}

/** Takes the times of one registration attempt. What is not in a phase (back-off between retries) is in the total only. */
export class AttemptRecorder {
  readonly #clock: Clock;
  /** On the monotonic clock. */
  readonly startedAtMs: number;
  readonly #recordSteps: boolean;
  readonly #onStep: ((step: TraceStep) => void) | undefined;
  readonly #phasesMs: Partial<Record<Phase, number>> = {};
  readonly #steps: TraceStep[] = [];
  readonly #begun = new Map<
    symbol,
    { readonly phase: Phase; readonly step: string; readonly begunMs: number }
  >();
  /** Status queries sent. */
  polls = 0;
  /** Requests sent again. */
  retries = 0;

  /** @param onStep told of every step when it ends */
  constructor(clock: Clock, recordSteps: boolean, onStep?: (step: TraceStep) => void) {
    this.#clock = clock;
    this.#recordSteps = recordSteps;
    this.#onStep = onStep;
    this.startedAtMs = clock.monotonicMs();
  }

  /**
   * Does the work and counts its time to the phase, also when it fails.
   *
   * @param step name in the trace, e.g. `tpm.activate`
   * @param describe what came of it, short and without secrets
   */
  async time<T>(
    phase: Phase,
    step: string,
    work: () => Promise<T>,
    describe?: (value: T) => string,
  ): Promise<T> {
    const begunMs = this.#clock.monotonicMs();
    const turn = Symbol(step);
    this.#begun.set(turn, { phase, step, begunMs });
    try {
      const value = await work();
      this.add(phase, step, begunMs, describe === undefined ? '' : () => describe(value));
      return value;
    } catch (thrown) {
      this.add(phase, step, begunMs, () => toError(thrown).message);
      throw thrown;
    } finally {
      this.#begun.delete(turn);
    }
  }

  /** Counts what began at a time of the monotonic clock and ends now. */
  add(phase: Phase, step: string, begunMs: number, detail: string | (() => string) = ''): void {
    const durationMs = this.#clock.monotonicMs() - begunMs;
    this.#phasesMs[phase] = (this.#phasesMs[phase] ?? 0) + durationMs;
    this.note(step, detail, begunMs, durationMs);
  }

  /** A line of the trace that belongs to no phase. */
  note(
    step: string,
    detail: string | (() => string),
    begunMs = this.#clock.monotonicMs(),
    durationMs = 0,
  ): void {
    if (!this.#recordSteps && this.#onStep === undefined) return;
    const atMs = begunMs - this.startedAtMs;
    const ended = { atMs, durationMs, step, detail: typeof detail === 'string' ? detail : detail() };
    if (this.#recordSteps) this.#steps.push(ended);
    this.#onStep?.(ended);
  }

  /** What was begun and has not ended: a device that hangs, hangs there. */
  get waitingFor(): WaitingFor | undefined {
    const last = [...this.#begun.values()].at(-1);
    return last && { phase: last.phase, step: last.step, forMs: this.#clock.monotonicMs() - last.begunMs };
  }

  get steps(): readonly TraceStep[] {
    return this.#steps;
  }

  /** Takes over what another recorder of the same clock has recorded: a part of this attempt that was watched by itself. */
  absorb(part: AttemptRecorder): void {
    for (const [phase, durationMs] of Object.entries(part.#phasesMs) as [Phase, number][]) {
      this.#phasesMs[phase] = (this.#phasesMs[phase] ?? 0) + durationMs;
    }
    this.polls += part.polls;
    this.retries += part.retries;
    for (const { step, detail, atMs, durationMs } of part.#steps) {
      this.note(step, detail, part.startedAtMs + atMs, durationMs);
    }
  }

  /** What was recorded so far; what a client that was given up still does is not in it. */
  trace(registrationId: string, result: DeviceResult): DeviceTrace {
    return {
      registrationId,
      result,
      phasesMs: { ...this.#phasesMs },
      totalMs: this.#clock.monotonicMs() - this.startedAtMs,
      polls: this.polls,
      retries: this.retries,
      steps: [...this.#steps],
    };
  }
}
