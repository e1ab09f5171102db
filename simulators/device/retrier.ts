import type { Clock } from '../kernel/clock.ts';
import { abortError } from '../kernel/deadline.ts';
import { toError } from '../kernel/errors.ts';
import { seededRandom } from '../kernel/random.ts';
import type { AttemptRecorder } from './attempt-recorder.ts';
import { type RetryCause, type RetryPolicy, retryCause, retryDelayMs } from './retry-policy.ts';

/** Does a piece of work until it succeeds or the policy gives up; then throws what was thrown last. */
export type Retrier = <T>(work: () => Promise<T>) => Promise<T>;

export interface RetrierOptions {
  readonly policy: RetryPolicy;
  readonly recorder: AttemptRecorder;
  readonly clock: Clock;
  readonly seed: number;
  readonly registrationId: string;
}

/** One for each registration: the policy's numbers bound all of its requests together. */
export function createRetrier(options: RetrierOptions, signal: AbortSignal): Retrier {
  const { policy, recorder, clock, seed, registrationId } = options;
  const retried: Record<RetryCause, number> = { throttled: 0, 'service-unavailable': 0, connection: 0 };

  return async (work) => {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        const cause = retryCause(error);
        if (cause === undefined) throw error;
        const random = seededRandom(seed, 'retry', registrationId, recorder.retries);
        const delayMs = retryDelayMs(policy, { cause, error }, retried[cause], random);
        if (delayMs === undefined) throw error;
        retried[cause] += 1;
        recorder.retries += 1;
        recorder.note(
          'retry',
          () => `${cause}: ${toError(error).message}; again in ${Math.round(delayMs)} ms`,
        );
        await sleep(clock, delayMs, signal);
      }
    }
  };
}

/** Waits, and says why when it was cut short. @throws TransportError of phase `timeout` or `aborted` */
export async function sleep(clock: Clock, durationMs: number, signal: AbortSignal): Promise<void> {
  if (durationMs <= 0) return;
  try {
    await clock.sleepMs(durationMs, signal);
  } catch (thrown) {
    throw signal.aborted ? abortError(signal) : thrown;
  }
}
