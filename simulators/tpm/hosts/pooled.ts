import { InvariantError, TransportError } from '../../kernel/errors.ts';
import { createLimiter } from '../../kernel/limiter.ts';
import { withQueue } from '../decorators/queue.ts';
import type { HostedTpm, TpmHost } from '../tpm-host.ts';
import type { TpmTransport } from '../transport.ts';
import type { StateStore, SwtpmPool } from '../transports/swtpm-pool.ts';
import { openOnce } from './open-once.ts';
import { openWorkingState } from './working-state.ts';

interface PooledHostOptions {
  readonly workDirectory: string;
  /** Closed with the host. */
  readonly pool: SwtpmPool;
  readonly decorate: (transport: TpmTransport, tpmId: string) => TpmTransport;
}

/** A host whose TPMs are files that take turns in a few swtpms. */
export function startPooledHost({ workDirectory, pool, decorate }: PooledHostOptions): TpmHost {
  const tpms = openOnce((tpm) =>
    Promise.try(() => {
      const store = openWorkingState(workDirectory, tpm);
      return createPooledTpm(pool, store, (transport) => decorate(transport, tpm.tpmId));
    }),
  );
  return {
    mode: 'pooled',
    open: (tpm, signal) => tpms.open(tpm, signal),
    [Symbol.asyncDispose]: async () => {
      await tpms[Symbol.asyncDispose]();
      await pool[Symbol.asyncDispose]();
    },
  };
}

function createPooledTpm(
  pool: SwtpmPool,
  store: StateStore,
  decorate: (transport: TpmTransport) => TpmTransport,
): HostedTpm {
  const slot = createLoanSlot();
  const transport = withQueue(decorate(slot.transport));
  const flows = createLimiter(1);
  return {
    use: (flow, signal) =>
      flows.run(() => pool.use(store, (loan) => slot.during(loan, () => flow(transport)), signal), signal),
    // Between flows nothing is held: the state is in its store already.
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** A transport that stays the same object, decorators and all, while the process behind it changes with every loan. */
function createLoanSlot(): {
  readonly transport: TpmTransport;
  during<T>(loan: TpmTransport, flow: () => Promise<T>): Promise<T>;
} {
  let current: TpmTransport | undefined;
  // Switched off by its owner, a TPM stays off from one loan to the next.
  let poweredOn = true;
  const loan = (): TpmTransport => {
    if (current === undefined) throw new InvariantError('a pooled TPM was used outside of a flow');
    return current;
  };
  return {
    transport: {
      send: async (command, signal) => {
        if (!poweredOn) throw new TransportError('tpm', 'TPM_POWERED_OFF', 'the TPM has no power');
        return loan().send(command, signal);
      },
      power: async (action) => {
        await loan().power?.(action);
        poweredOn = action !== 'off';
      },
      setLocality: async (locality) => loan().setLocality?.(locality),
      close: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    },
    during: async (transport, flow) => {
      current = transport;
      try {
        return await flow();
      } finally {
        current = undefined;
      }
    },
  };
}
