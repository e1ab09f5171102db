import { exitCodes } from './exit-codes.ts';

/** The first Ctrl-C (or SIGTERM) aborts the signal, the second ends the process at once. */
export interface Interrupts extends Disposable {
  readonly signal: AbortSignal;
}

const ofRuns = 'devices under way may finish, then the reports are written';

/**
 * Takes over SIGINT and SIGTERM until disposed of.
 *
 * @param announcement what happens after the first one
 */
export function openInterrupts(announcement = ofRuns): Interrupts {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) {
      // Children end with their channels, the run directory goes in an exit handler.
      process.exit(exitCodes.interrupted);
    }
    process.stderr.write(`\ninterrupted: ${announcement}; again to quit at once\n`);
    controller.abort();
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      process.removeListener('SIGINT', interrupt);
      process.removeListener('SIGTERM', interrupt);
    },
  };
}
