import { type DeviceContext, openTpmHost, type TpmHost, withLatency } from '../../simulators/index.ts';
import { systemClock } from '../../simulators/kernel/clock.ts';
import { seededRandom } from '../../simulators/kernel/random.ts';
import type { RunRangeTask } from './range-tasks.ts';
import { claimSlots } from './shared-slots.ts';

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
  const { seed, attemptTimeoutMs, retryPolicy, hubConnect, hubs, timeScale, tpm } = task;
  endpoint ??= task.endpoint; // one object for all devices: what is parsed from it is kept with it
  users += 1;
  if (tpm.poolSize > 0) host ??= openHost(task);
  return {
    deviceContext: {
      ...{ endpoint, seed, attemptTimeoutMs, retryPolicy, hubConnect, hubs },
      life: task.life,
      edge: { timeScale },
      tpms: await host,
    },
    [Symbol.asyncDispose]: async () => {
      users -= 1;
      if (users > 0 || host === undefined) return;
      const unused = host;
      host = undefined;
      await (await unused)[Symbol.asyncDispose]();
    },
  };
}

async function openHost({ tpm, seed }: RunRangeTask): Promise<TpmHost> {
  const { mode, workDirectory, poolSize, chip, slots } = tpm;
  await using cleanup = new AsyncDisposableStack();
  const claimed = slots && cleanup.use(claimSlots(slots, poolSize));
  const common = { mode, workDirectory, poolSize, slots: claimed?.slots };
  const opened = cleanup.use(
    await (chip === undefined
      ? openTpmHost(common)
      : openTpmHost({
          ...common,
          decorate: (transport, tpmId) =>
            withLatency(transport, {
              chip,
              random: seededRandom(seed, 'tpm-latency', tpmId),
              clock: systemClock,
            }),
        })),
  );
  const running = cleanup.move();
  return {
    mode: opened.mode,
    open: (tpmOfDevice, signal) => opened.open(tpmOfDevice, signal),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
