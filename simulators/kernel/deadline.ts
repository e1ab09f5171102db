import { TransportError } from './errors.ts';

/** A signal that aborts when its parent does, or when time is up; dispose of it to stop its timer. */
export interface Deadline extends Disposable {
  /** Its reason is a TransportError of phase `timeout` when time was up, else the parent's reason. */
  readonly signal: AbortSignal;
}

/**
 * Bounds whatever takes an AbortSignal.
 *
 * @param what goes into the message: `<what> took longer than 30000 ms`
 */
export function startDeadline(timeoutMs: number, parent: AbortSignal, what: string): Deadline {
  const controller = new AbortController();
  const follow = (): void => controller.abort(parent.reason);
  const timer = setTimeout(() => {
    controller.abort(new TransportError('timeout', 'TIMEOUT', `${what} took longer than ${timeoutMs} ms`));
  }, timeoutMs);
  if (parent.aborted) follow();
  else parent.addEventListener('abort', follow, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      clearTimeout(timer);
      parent.removeEventListener('abort', follow);
    },
  };
}

/** The peer error that an aborted signal stands for: its own TransportError, `TIMEOUT`, or `ABORTED`. */
export function abortError(signal: AbortSignal): TransportError {
  const reason: unknown = signal.reason;
  if (reason instanceof TransportError) return reason;
  if (reason instanceof Error && reason.name === 'TimeoutError') {
    return new TransportError('timeout', 'TIMEOUT', 'the deadline passed', { cause: reason });
  }
  return new TransportError('aborted', 'ABORTED', 'stopped before it was done', { cause: reason });
}

/**
 * Waits for what takes no signal itself; what it waits for goes on unobserved after an abort.
 *
 * @throws TransportError of {@link abortError} as soon as the signal aborts
 */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    work.catch(() => undefined);
    throw abortError(signal);
  }
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(abortError(signal));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
