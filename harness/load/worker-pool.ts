import { extname } from 'node:path';
import { Piscina } from 'piscina';
import type { PreparedRange, PrepareRangeTask, RangeOutcomes, RunRangeTask } from './range-tasks.ts';

/** The worker threads of a run. */
export interface WorkerPool extends AsyncDisposable {
  prepareRange(task: PrepareRangeTask, signal: AbortSignal): Promise<PreparedRange>;
  runRange(task: RunRangeTask): Promise<RangeOutcomes>;
}

/**
 * Starts the threads.
 *
 * @param rangesAtOnce how many ranges one thread works on at the same time
 */
export function startWorkerPool(workers: number, rangesAtOnce: number): WorkerPool {
  const pool = new Piscina({
    // As this file: .js in the installed package.
    filename: new URL(`./range-worker${extname(import.meta.filename)}`, import.meta.url).href,
    minThreads: workers,
    maxThreads: workers,
    concurrentTasksPerWorker: rangesAtOnce,
    // Atomics are used for slots and stops; the pool itself need not spin for its next task.
    atomics: 'disabled',
    resourceLimits: { maxYoungGenerationSizeMb: 16 },
  });
  return {
    prepareRange: (task, signal) =>
      pool.run(task, { name: 'prepareRange', signal }) as Promise<PreparedRange>,
    runRange: (task) => pool.run(task, { name: 'runRange' }) as Promise<RangeOutcomes>,
    [Symbol.asyncDispose]: () => pool.destroy(),
  };
}
