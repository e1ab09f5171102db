import { InvariantError } from '../../kernel/errors.ts';
import type { TpmTransport } from '../transport.ts';
import type { SwtpmProcess } from './swtpm-process.ts';
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
 * A command that fails may have counted an authorisation failure (TPM 2.0 Part 1 §19.8). The reset counter that
 * every TPM2_Startup advances is not looked at: nothing here attests to it.
 */
const readOnlyCommands: ReadonlySet<number> = new Set([
  0x131, // CreatePrimary
  0x143, // SelfTest
  0x147, // ActivateCredential
  0x14e, // NV_Read
  0x151, // PolicySecret
  0x153, // Create
  0x155, // HMAC
  0x156, // Import
  0x157, // Load
  0x158, // Quote
  0x159, // RSA_Decrypt
  0x15b, // HMAC_Start
  0x15c, // SequenceUpdate
  0x15d, // Sign
  0x15e, // Unseal
  0x165, // FlushContext
  0x167, // LoadExternal
  0x169, // NV_ReadPublic
  0x16b, // PolicyAuthValue
  0x16c, // PolicyCommandCode
  0x173, // ReadPublic
  0x174, // RSA_Encrypt
  0x176, // StartAuthSession
  0x17a, // GetCapability
  0x17b, // GetRandom
  0x17c, // GetTestResult
  0x17d, // Hash
  0x17e, // PCR_Read
  0x181, // ReadClock
  0x13e, // SequenceComplete
]);

/** Watches what one borrower sends to a swtpm. */
export function watchState(tpm: SwtpmProcess): StateWatch {
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
