import { InvariantError } from '../../kernel/errors.ts';
import { commands } from '../codec/commands.ts';
import type { TpmTransport } from '../transport.ts';
import type { SwtpmConnection } from './swtpm-connection.ts';
import { commandCodeOf, responseCodeOf } from './tpm-framing.ts';

/** A TPM on loan, and what its borrower did to it. */
export interface StateWatch {
  readonly transport: TpmTransport;
  /** Whether the permanent state may differ from what it was at the start of the loan. */
  readonly stateMayHaveChanged: boolean;
  readonly localityWasSet: boolean;
  /** From here on the transport refuses: the TPM behind it is about to be another one. */
  end(): void;
}

/**
 * Commands that leave the permanent state alone when they succeed; whatever is not in the list may change it.
 *
 * A command that fails may have counted an authorization failure (TPM 2.0 Part 1 §19.8). The reset counter that
 * every TPM2_Startup advances is not looked at: nothing here attests to it.
 */
const readOnlyCommands: ReadonlySet<number> = new Set(
  [
    commands.ActivateCredential,
    commands.Create,
    commands.CreatePrimary,
    commands.FlushContext,
    commands.GetCapability,
    commands.GetRandom,
    commands.HMAC,
    commands.HMAC_Start,
    commands.Import,
    commands.Load,
    commands.NV_ReadPublic,
    commands.PCR_Read,
    commands.PolicySecret,
    commands.ReadPublic,
    commands.SelfTest,
    commands.SequenceComplete,
    commands.SequenceUpdate,
    commands.Sign,
    commands.StartAuthSession,
  ].map((command) => command.code),
);

/** Watches what one borrower sends to a swtpm. */
export function watchState(tpm: SwtpmConnection): StateWatch {
  let [changed, localitySet, ended] = [false, false, false];
  const assertOnLoan = (): void => {
    if (ended) throw new InvariantError('a TPM was used after its loan had ended');
  };
  const transport: TpmTransport = {
    send: async (command, signal) => {
      assertOnLoan();
      const wasChanged = changed;
      // Until it is known to have gone well, a command may have done anything.
      changed = true;
      const response = await tpm.send(command, signal);
      changed = wasChanged || !isReadOnly(command) || responseCodeOf(response) !== 0;
      return response;
    },
    sendSync: (command, deadlineMs) => {
      assertOnLoan();
      const wasChanged = changed;
      changed = true;
      const response = tpm.sendSync(command, deadlineMs);
      changed = wasChanged || !isReadOnly(command) || responseCodeOf(response) !== 0;
      return response;
    },
    power: async (action) => {
      assertOnLoan();
      await tpm.power(action);
    },
    setLocality: async (locality) => {
      assertOnLoan();
      localitySet = true;
      await tpm.setLocality(locality);
    },
    close: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return {
    transport,
    get stateMayHaveChanged() {
      return changed;
    },
    get localityWasSet() {
      return localitySet;
    },
    end: () => {
      ended = true;
    },
  };
}

const isReadOnly = (command: Uint8Array): boolean => readOnlyCommands.has(commandCodeOf(command) ?? 0);
