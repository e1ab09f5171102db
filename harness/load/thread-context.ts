import { type DeviceContext, openTpmHost, type TpmHost } from '../../simulators/index.ts';
import type { RunRangeTask } from './range-tasks.ts';

/** What the ranges of a thread share while they run. */
export interface ThreadContext extends AsyncDisposable {
  readonly deviceContext: DeviceContext;
}

let host: Promise<TpmHost> | undefined;
let endpoint: RunRangeTask['endpoint'] | undefined;
let users = 0;

/**
 * The thread's TPM host is opened by the first range that needs it and closed with the last one under way: a thread may
 * be ended at any time after that, and leaves no process behind.
 */
export async function enterThread(task: RunRangeTask): Promise<ThreadContext> {
  const { seed, attemptTimeoutMs, retryPolicy, tpm } = task;
  endpoint ??= task.endpoint; // one object for all devices: what is parsed from it is kept with it
  users += 1;
  if (tpm.poolSize > 0) host ??= openTpmHost(tpm);
  return {
    deviceContext: { endpoint, seed, attemptTimeoutMs, retryPolicy, tpms: await host },
    [Symbol.asyncDispose]: async () => {
      users -= 1;
      if (users > 0 || host === undefined) return;
      const unused = host;
      host = undefined;
      await (await unused)[Symbol.asyncDispose]();
    },
  };
}
