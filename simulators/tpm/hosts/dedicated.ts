import { rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createLimiter } from '../../kernel/limiter.ts';
import { openScratchDirectory } from '../../processes/scratch-directory.ts';
import { withQueue } from '../decorators/queue.ts';
import type { HostedTpm, TpmHost } from '../tpm-host.ts';
import type { TpmTransport } from '../transport.ts';
import { watchState } from '../transports/state-watch.ts';
import type { StateStore } from '../transports/swtpm-pool.ts';
import { openSwtpmProcess } from '../transports/swtpm-process.ts';
import { openOnce } from './open-once.ts';
import { openWorkingState } from './working-state.ts';

interface DedicatedHostOptions {
  readonly workDirectory: string;
  readonly decorate: (transport: TpmTransport, tpmId: string) => TpmTransport;
}

/** A host with one swtpm process per open TPM. */
export async function startDedicatedHost(options: DedicatedHostOptions): Promise<TpmHost> {
  const { workDirectory, decorate } = options;
  const scratch = await openScratchDirectory({ name: 'tpms', fallbackParent: workDirectory });
  // Starting a process blocks the event loop for some milliseconds; many starts at once only slow each other down.
  const starts = createLimiter(availableParallelism() * 2);
  const tpms = openOnce((tpm, signal) => {
    const store = openWorkingState(workDirectory, tpm);
    const stateDirectory = join(scratch.path, tpm.tpmId);
    const decorateThis = (transport: TpmTransport): TpmTransport => decorate(transport, tpm.tpmId);
    return starts.run(() => openDedicatedTpm(store, stateDirectory, decorateThis, signal), signal);
  });
  return {
    mode: 'dedicated',
    open: (tpm, signal) => tpms.open(tpm, signal),
    [Symbol.asyncDispose]: async () => {
      await tpms[Symbol.asyncDispose]();
      await scratch[Symbol.asyncDispose]();
    },
  };
}

async function openDedicatedTpm(
  store: StateStore,
  stateDirectory: string,
  decorate: (transport: TpmTransport) => TpmTransport,
  signal: AbortSignal,
): Promise<HostedTpm> {
  const tpm = await openSwtpmProcess({ stateDirectory, state: await store.load(), signal });
  const watch = watchState(tpm);
  const transport = withQueue(decorate(watch.transport));
  const flows = createLimiter(1);
  const keepState = async (): Promise<void> => {
    if (tpm.usable) {
      await store.save(await tpm.getState());
      return;
    }
    // The process was killed. What the TPM had acknowledged is in its file; a successor hands it over.
    await tpm.close();
    await using successor = await openSwtpmProcess({ stateDirectory });
    await store.save(await successor.getState());
  };
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    watch.end();
    try {
      if (watch.stateMayHaveChanged) await keepState();
    } finally {
      await tpm.close();
      await rm(stateDirectory, { recursive: true, force: true });
    }
  };
  return {
    use: (flow, flowSignal) => flows.run(() => flow(transport), flowSignal),
    [Symbol.asyncDispose]: () => {
      closing ??= close();
      return closing;
    },
  };
}
