import { TpmResponseError } from '../kernel/errors.ts';
import { commands } from './codec/commands.ts';
import { TPMA_OBJECT } from './codec/constants.ts';
import { decodePublicArea } from './codec/public-area.ts';
import { type DeviceKey, loadUnderSrk } from './device-keys.ts';
import { type TpmClient, withTransientObject } from './tpm-client.ts';

/** How a TPM keeps a key, in the words that PKCS#11 has for it, and what it does when somebody asks for the key itself. */
export interface TpmKeyCustody {
  readonly sensitive: boolean;
  readonly extractable: boolean;
  readonly alwaysSensitive: boolean;
  readonly neverExtractable: boolean;
  /** Made by the TPM (sensitiveDataOrigin); false for a key that was brought there. */
  readonly local: boolean;
  /** TPM_RC name with which the TPM refused to give the key out; null when it did. */
  readonly refusedRead: string | null;
}

/**
 * Reads the attributes of a key, and asks the TPM for the key itself.
 *
 * @see TPM 2.0 Part 1 §27.2: an object with fixedTPM and fixedParent cannot be duplicated, so it never leaves its TPM
 */
export async function readTpmCustody(
  client: TpmClient,
  key: DeviceKey,
  signal?: AbortSignal,
): Promise<TpmKeyCustody> {
  const { attributes } = decodePublicArea(key.inPublic);
  const bound = TPMA_OBJECT.FIXED_TPM | TPMA_OBJECT.FIXED_PARENT;
  const fixed = (attributes & bound) === bound;
  const local = (attributes & TPMA_OBJECT.SENSITIVE_DATA_ORIGIN) !== 0;
  return {
    sensitive: fixed,
    extractable: !fixed,
    alwaysSensitive: fixed && local,
    neverExtractable: fixed && local,
    local,
    refusedRead: await refusal(client, key, signal),
  };
}

/** TPM2_Unseal is the only command that gives out private data; what came would not be kept. */
const refusal = (
  client: TpmClient,
  key: DeviceKey,
  signal: AbortSignal | undefined,
): Promise<string | null> =>
  withTransientObject(
    client,
    loadUnderSrk(key),
    async ({ objectHandle: itemHandle }) => {
      try {
        (await client.execute(commands.Unseal, { itemHandle }, signal)).outData.fill(0);
        return null;
      } catch (error) {
        if (error instanceof TpmResponseError) return error.code;
        throw error;
      }
    },
    signal,
  );
