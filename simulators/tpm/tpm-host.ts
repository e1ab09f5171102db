import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { IdentityKeySlot, TpmIdentity } from './attestation.ts';
import { startDedicatedHost } from './hosts/dedicated.ts';
import { startPooledHost } from './hosts/pooled.ts';
import type { TpmTransport } from './transport.ts';
import { openRemoteSwtpmPool, type SwtpmSlot } from './transports/remote-swtpm-pool.ts';
import { openSwtpmPool } from './transports/swtpm-pool.ts';

export type { SwtpmSlot };

/** `dedicated`: a live swtpm process per TPM. `pooled`: a few processes that the TPMs take turns in. */
export type TpmMode = 'dedicated' | 'pooled';

/** Runs the TPMs of many devices. */
export interface TpmHost extends AsyncDisposable {
  readonly mode: TpmMode;
  /**
   * Makes one TPM usable, from the state that an earlier opening in the same work directory left, else from its
   * state file, which is only ever read.
   *
   * @throws EnvironmentError when swtpm or the state file is missing
   * @throws TransportError `SWTPM_CONTROL_REFUSED` when the state is damaged, `aborted` or `timeout` by the signal
   * @throws InvariantError when the TPM is open already
   */
  open(tpm: { readonly tpmId: string; readonly stateFile: string }, signal: AbortSignal): Promise<HostedTpm>;
}

/** One TPM of a host; disposing of it keeps its state for the next opening, in either mode. */
export interface HostedTpm extends AsyncDisposable {
  /** EK and SRK where they are no longer what they were at manufacture. */
  readonly identity?: TpmIdentity;
  /** Where the device keeps its identity key, where that is not the usual handle. */
  readonly slot?: IdentityKeySlot;
  /**
   * Runs one whole flow (attest, sign) on the TPM; flows take turns. The transport is good for this flow only,
   * may be used in parallel, and its TPM has been started. In pooled mode sessions and transient objects end with
   * the flow.
   *
   * @throws TransportError `TPM_PROCESS_EXITED` when the process dies: open the TPM again (dedicated) or just
   *   use it again (pooled)
   */
  use<T>(flow: (transport: TpmTransport) => Promise<T>, signal: AbortSignal): Promise<T>;
}

export interface TpmHostOptions {
  readonly mode: TpmMode;
  /** Where states that differ from the manufactured ones are kept; made when missing, not removed. */
  readonly workDirectory: string;
  /** Pooled mode: how many swtpm processes; by default one per core. */
  readonly poolSize?: number | undefined;
  /** Pooled mode: swtpms that run elsewhere, for this host alone, instead of processes of its own. */
  readonly slots?: readonly SwtpmSlot[] | undefined;
  /** Puts decorators (latency profile, recorder, faults) around every TPM; a queue goes around the result. */
  readonly decorate?: ((transport: TpmTransport, tpmId: string) => TpmTransport) | undefined;
}

/**
 * @throws EnvironmentError when swtpm is missing or does not start
 * @throws TransportError of phase `connect` when one of the slots does not answer
 */
export async function openTpmHost(options: TpmHostOptions): Promise<TpmHost> {
  const { mode, workDirectory, poolSize: size = availableParallelism(), slots } = options;
  const decorate = options.decorate ?? ((transport: TpmTransport) => transport);
  await mkdir(workDirectory, { recursive: true, mode: 0o700 });
  switch (mode) {
    case 'dedicated':
      return startDedicatedHost({ workDirectory, decorate });
    case 'pooled': {
      const pool =
        slots === undefined
          ? await openSwtpmPool({ size, workDirectory })
          : await openRemoteSwtpmPool(slots, AbortSignal.timeout(CONNECT_DEADLINE_MS));
      return startPooledHost({ workDirectory, decorate, pool });
    }
  }
}

/** They are there already when a host is opened. */
const CONNECT_DEADLINE_MS = 30_000;
