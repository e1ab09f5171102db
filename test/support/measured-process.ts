import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { WireTarget } from './wire-registration.ts';

/** What a server holds, told by its own process after a garbage collection. */
export interface ServerLoad {
  /** Kinds of what keeps its event loop alive, one for each. */
  readonly handles: readonly string[];
  /** Open file descriptors. */
  readonly files: number;
  /** JavaScript heap and what hangs on it outside. */
  readonly heapBytes: number;
}

export interface MeasuredEmulator extends WireTarget, AsyncDisposable {
  /** Forgets registrations and log, collects garbage and measures. */
  measure(): Promise<ServerLoad>;
}

/** Starts an emulator with one device enrolled, `wireDevice`, in a process of its own. */
export async function startMeasuredEmulator(): Promise<MeasuredEmulator> {
  const child = fork(fileURLToPath(new URL('./measured-emulator.ts', import.meta.url)), {
    execArgv: ['--expose-gc'],
  });
  const reply = async (): Promise<unknown> => {
    const [message] = (await once(child, 'message', { signal: AbortSignal.timeout(20_000) })) as [unknown];
    return message;
  };
  const target = (await reply()) as WireTarget;
  return {
    ...target,
    measure: async () => {
      const measured = reply();
      child.send('measure');
      return (await measured) as ServerLoad;
    },
    [Symbol.asyncDispose]: async () => {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}
