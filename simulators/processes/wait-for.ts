import { setTimeout as delay } from 'node:timers/promises';
import { startDeadline, untilAborted } from '../kernel/deadline.ts';

export interface WaitOptions {
  /** What is waited for, for the error: `swtpm's socket`. */
  readonly what: string;
  readonly deadlineMs: number;
  /** Pause between two looks. */
  readonly intervalMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * Looks again and again until there is a value: for conditions that announce themselves to nobody (a file, a
 * process table, a port of another program).
 *
 * @param look undefined or false means "not yet"; what it throws ends the wait
 * @throws TransportError of phase `timeout` or `aborted`
 */
export async function waitFor<T>(
  look: () => T | false | undefined | Promise<T | false | undefined>,
  options: WaitOptions,
): Promise<T> {
  const { what, deadlineMs, intervalMs = 5, signal = new AbortController().signal } = options;
  using deadline = startDeadline(deadlineMs, signal, `waiting for ${what}`);
  for (;;) {
    const found = await untilAborted(Promise.resolve(look()), deadline.signal);
    if (found !== undefined && found !== false) return found;
    await untilAborted(delay(intervalMs), deadline.signal);
  }
}
