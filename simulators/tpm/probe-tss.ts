import { toError } from '../kernel/errors.ts';

/**
 * Loads tpm2-tss by way of node-tss and lets it decode a code.
 *
 * @returns what was loaded, for a person
 * @throws when the library is missing
 */
export async function probeTpm2Tss(): Promise<string> {
  const { describeResponseCode } = await import('node-tss');
  const TPM_RC_INITIALIZE = 0x100;
  try {
    return `loads and decodes 0x100 as "${describeResponseCode(TPM_RC_INITIALIZE)}"`;
  } catch (thrown) {
    throw new Error(`libtss2-rc does not work: ${toError(thrown).message}`, { cause: thrown });
  }
}
