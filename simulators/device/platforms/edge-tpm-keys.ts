import { ByteWriter } from '../../kernel/bytes.ts';
import { TpmResponseError } from '../../kernel/errors.ts';
import type { IdentityKeySlot } from '../../tpm/attestation.ts';
import { commands } from '../../tpm/codec/commands.ts';
import { TPM_RH } from '../../tpm/codec/constants.ts';
import { encodePublicArea } from '../../tpm/codec/public-area.ts';
import { persistentHandles, templates } from '../../tpm/templates.ts';
import { type TpmClient, withTransientObject } from '../../tpm/tpm-client.ts';
import type { EdgeProfile } from './edge-profile.ts';
import type { EdgeSettings } from './edge-settings.ts';

/** EK and SRK, each a TPM2B_PUBLIC with its size field, and what was missing. */
export interface EdgeTpmKeys {
  readonly endorsementKey: Uint8Array;
  readonly storageRootKey: Uint8Array;
  /** What the daemon logs as errors, though it goes on. */
  readonly complaints: readonly string[];
}

/**
 * Reads EK and SRK from their handles, whatever their template, and makes those that are missing.
 *
 * @see reference of IoT Edge devices, chapter 2.5
 */
export async function ensureEdgeKeys(
  client: TpmClient,
  { tpm }: EdgeProfile,
  signal?: AbortSignal,
): Promise<EdgeTpmKeys> {
  const endorsementKey = await ensureKey(
    client,
    {
      name: 'endorsement key',
      handle: persistentHandles.endorsementKey,
      hierarchy: TPM_RH.ENDORSEMENT,
      template: templates.endorsementKey,
    },
    signal,
  );
  const storageRootKey = await ensureKey(
    client,
    {
      name: 'storage root key',
      handle: persistentHandles.storageRootKey,
      hierarchy: TPM_RH.OWNER,
      template: { ...templates.storageRootKey, attributes: tpm.srkAttributes },
    },
    signal,
  );
  return {
    endorsementKey: endorsementKey.tpm2b,
    storageRootKey: storageRootKey.tpm2b,
    complaints: [...endorsementKey.complaints, ...storageRootKey.complaints],
  };
}

const PERSISTENT_FIRST = 0x81000000;

/** Where a daemon keeps the key that it was given. */
export function identityKeySlot({ tpm }: EdgeProfile, { authKeyIndex }: EdgeSettings): IdentityKeySlot {
  const isSet = tpm.keyHandle === 'config' && authKeyIndex !== undefined;
  return {
    handle: isSet ? PERSISTENT_FIRST + authKeyIndex : persistentHandles.identityKey,
    clearedFirst: tpm.evictsFirst,
  };
}

interface WantedKey {
  readonly name: string;
  readonly handle: number;
  readonly hierarchy: number;
  readonly template: Parameters<typeof encodePublicArea>[0];
}

interface FoundKey {
  readonly tpm2b: Uint8Array;
  readonly complaints: readonly string[];
}

async function ensureKey(
  client: TpmClient,
  { name, handle, hierarchy, template }: WantedKey,
  signal?: AbortSignal,
): Promise<FoundKey> {
  try {
    const { outPublic } = await client.execute(commands.ReadPublic, { objectHandle: handle }, signal);
    return { tpm2b: asTpm2b(outPublic), complaints: [] };
  } catch (error) {
    if (!(error instanceof TpmResponseError) || error.code !== 'TPM_RC_HANDLE') throw error;
    const request = { primaryHandle: hierarchy, inPublic: encodePublicArea(template) };
    const tpm2b = await withTransientObject(
      client,
      { command: commands.CreatePrimary, request },
      async ({ objectHandle, outPublic }) => {
        const evict = { auth: TPM_RH.OWNER, objectHandle, persistentHandle: handle };
        await client.execute(commands.EvictControl, evict, signal);
        return asTpm2b(outPublic);
      },
      signal,
    );
    return { tpm2b, complaints: [`could not read ${name} from 0x${handle.toString(16)}: ${error.message}`] };
  }
}

const asTpm2b = (publicArea: Uint8Array): Uint8Array => new ByteWriter().sized(publicArea).finish();
