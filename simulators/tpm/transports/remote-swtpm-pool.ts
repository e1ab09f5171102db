import { TransportError } from '../../kernel/errors.ts';
import { Lending } from '../../kernel/lending.ts';
import { connectSocket } from './socket.ts';
import { watchState } from './state-watch.ts';
import { SwtpmConnection } from './swtpm-connection.ts';
import type { StateStore, SwtpmPool, TpmFlow } from './swtpm-pool.ts';

/** A swtpm that somebody else runs and lets us use alone. */
export interface SwtpmSlot {
  readonly host: string;
  /** Of commands, and of the control channel. */
  readonly ports: { readonly data: number; readonly control: number };
  /** For messages: what it runs in. */
  readonly where: string;
}

/**
 * A pool of swtpms that run elsewhere, in containers for example: TPMs take turns in them as in a pool of our own
 * processes. One that goes away fails the flow that it was on (`TPM_LOST`) and is not used again; what a TPM had changed
 * in that flow goes with it. The others go on.
 *
 * @throws TransportError of phase `connect` when one of them does not answer
 */
export async function openRemoteSwtpmPool(
  slots: readonly SwtpmSlot[],
  signal: AbortSignal,
): Promise<SwtpmPool> {
  await using cleanup = new AsyncDisposableStack();
  const connections = await Promise.allSettled(slots.map((slot) => openSlot(slot, signal)));
  for (const each of connections) if (each.status === 'fulfilled') cleanup.use(each.value);
  const open = connections.map((each) => {
    if (each.status === 'rejected') throw each.reason;
    return each.value;
  });
  const lending = new Lending(open);
  const resources = cleanup.move();
  return {
    size: slots.length,
    processIds: [],
    use: async (store, flow, flowSignal) => {
      for (;;) {
        const tpm = await lending.borrow(flowSignal);
        if (tpm === undefined) throw allLost(slots);
        try {
          if (await swapIn(tpm, store)) return await during(tpm, store, flow);
        } finally {
          if (tpm.usable) lending.giveBack(tpm);
          else lending.lose();
        }
      }
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

async function openSlot({ host, ports, where }: SwtpmSlot, signal: AbortSignal): Promise<SwtpmConnection> {
  using cleanup = new DisposableStack();
  const connectTo = async (port: number) => {
    const socket = await connectSocket({ kind: 'tcp', host, port }, signal);
    cleanup.defer(() => socket.destroy());
    return socket;
  };
  const [data, control] = [await connectTo(ports.data), await connectTo(ports.control)];
  const sockets = cleanup.move();
  return new SwtpmConnection({
    data,
    control,
    goneError: () => new TransportError('tpm', 'TPM_LOST', `the TPM in ${where} has gone`),
    release: () => Promise.resolve(sockets.dispose()),
  });
}

/** @returns whether it is that TPM now: if not, the swtpm has gone meanwhile, which is nothing to this TPM */
async function swapIn(tpm: SwtpmConnection, store: StateStore): Promise<boolean> {
  const state = await store.load();
  try {
    await tpm.setState(state);
    return true;
  } catch (error) {
    if (tpm.usable) throw error;
    return false;
  }
}

async function during<T>(tpm: SwtpmConnection, store: StateStore, flow: TpmFlow<T>): Promise<T> {
  const watch = watchState(tpm);
  try {
    return await flow(watch.transport);
  } finally {
    watch.end();
    if (tpm.usable && watch.stateMayHaveChanged) await store.save(await tpm.getState());
    if (tpm.usable && watch.localityWasSet) await tpm.setLocality(0);
  }
}

const allLost = (slots: readonly SwtpmSlot[]): TransportError =>
  new TransportError('tpm', 'TPM_LOST', `all ${slots.length} TPMs of this thread have gone`, {
    hint: `They were in ${[...new Set(slots.map(({ where }) => where))].join(', ')}.`,
  });
