import { abortError } from './deadline.ts';

/** Lets at most so many tasks run at once; the others wait in the order of their arrival. */
export interface Limiter {
  /** @throws TransportError of phase `timeout` or `aborted` when the signal aborts before the task's turn comes */
  run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

/** @param limit how many tasks may run at once; 1 makes a queue */
export function createLimiter(limit: number): Limiter {
  const waiting = new Set<() => void>();
  let running = 0;

  const turn = (signal: AbortSignal | undefined): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const onAbort = (): void => {
      waiting.delete(start);
      if (signal !== undefined) reject(abortError(signal));
    };
    const start = (): void => {
      signal?.removeEventListener('abort', onAbort);
      resolve(undefined);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    waiting.add(start);
    return promise;
  };
  const passOn = (): void => {
    const [next] = waiting;
    if (next === undefined) {
      running -= 1;
      return;
    }
    // The place goes over to the next task as it is, so that nobody who comes now can take it.
    waiting.delete(next);
    next();
  };
  return {
    run: async (task, signal) => {
      if (signal?.aborted === true) throw abortError(signal);
      if (running < limit) running += 1;
      else await turn(signal);
      try {
        return await task();
      } finally {
        passOn();
      }
    },
  };
}
