import { type DeviceContext, openTpmHost, type TpmHost } from '../../simulators/index.ts';
import type { RunRangeTask } from './range-tasks.ts';

/** What all ranges of a thread share: the devices' context and the TPM host, which is opened once and on demand. */
interface ThreadContext {
  readonly deviceContext: DeviceContext;
}

let context: Promise<ThreadContext> | undefined;

/** The thread's own, made by its first range: a thread serves one run. */
export async function threadContext(task: RunRangeTask): Promise<ThreadContext> {
  context ??= makeContext(task);
  return context;
}

async function makeContext({
  endpoint,
  seed,
  attemptTimeoutMs,
  retryPolicy,
  tpm,
}: RunRangeTask): Promise<ThreadContext> {
  const common = { endpoint, seed, attemptTimeoutMs, retryPolicy };
  return { deviceContext: { ...common, tpms: tpm.poolSize === 0 ? undefined : await openHost(tpm) } };
}

/** swtpm ends when this thread does: its channels close. */
const openHost = (tpm: RunRangeTask['tpm']): Promise<TpmHost> => openTpmHost(tpm);
