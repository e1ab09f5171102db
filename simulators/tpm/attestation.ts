import { ByteWriter } from '../kernel/bytes.ts';
import { TpmResponseError } from '../kernel/errors.ts';
import { type ActivationBlob, parseActivationBlob } from './codec/activation-blob.ts';
import { emptyPassword } from './codec/authorization.ts';
import { commands } from './codec/commands.ts';
import { TPM_ALG, TPM_RH } from './codec/constants.ts';
import { encodePublicArea } from './codec/public-area.ts';
import { persistentHandles, templates } from './templates.ts';
import {
  allocate,
  flushOnFailure,
  prepareCommand,
  type TpmClient,
  withPolicySession,
  withTransientObject,
} from './tpm-client.ts';

/** What a device tells DPS about its TPM. */
export interface TpmIdentity {
  /** TPM2B_PUBLIC with its size field. */
  readonly endorsementKey: Uint8Array;
  /** TPM2B_PUBLIC with its size field. */
  readonly storageRootKey: Uint8Array;
}

/** Where a client keeps the identity key. */
export interface IdentityKeySlot {
  readonly handle: number;
  /** The key that is there is given up before the new one is unwrapped: a broken blob leaves none. */
  readonly clearedFirst: boolean;
  /** Nobody looks whether a key is there: a handle that is taken stays taken. */
  readonly neverCleared?: boolean;
}

/** As every SDK has it. */
const usualSlot: IdentityKeySlot = { handle: persistentHandles.identityKey, clearedFirst: false };

/** Largest piece of data for one command: TPM_PT_INPUT_BUFFER, which is 1024 in every TPM and in every client. */
const inputBufferBytes = 1024;

const readEndorsementKey = prepareCommand(commands.ReadPublic, {
  objectHandle: persistentHandles.endorsementKey,
});
const readStorageRootKey = prepareCommand(commands.ReadPublic, {
  objectHandle: persistentHandles.storageRootKey,
});

/**
 * Reads EK and SRK from where they are kept.
 *
 * @throws TpmResponseError `TPM_RC_HANDLE` when one is not there: see {@link provisionTpm}
 */
export async function readIdentity(client: TpmClient, signal?: AbortSignal): Promise<TpmIdentity> {
  const endorsementKey = await client.run(readEndorsementKey, signal);
  const storageRootKey = await client.run(readStorageRootKey, signal);
  return {
    endorsementKey: asTpm2b(endorsementKey.outPublic),
    storageRootKey: asTpm2b(storageRootKey.outPublic),
  };
}

/**
 * Makes EK (TCG form) and SRK in a TPM that has none, and keeps them at their usual handles. Slow for RSA: two prime
 * searches.
 *
 * @throws TpmResponseError `TPM_RC_NV_DEFINED` when a handle is taken
 */
export async function provisionTpm(
  client: TpmClient,
  options: { readonly algorithm?: 'rsa' | 'ecc'; readonly signal?: AbortSignal } = {},
): Promise<TpmIdentity> {
  const { algorithm = 'rsa', signal } = options;
  const keys =
    algorithm === 'rsa'
      ? { ek: templates.endorsementKey, srk: templates.storageRootKey }
      : { ek: templates.endorsementKeyEcc, srk: templates.storageRootKeyEcc };
  const makePersistent = (
    primaryHandle: number,
    template: (typeof keys)['ek' | 'srk'],
    persistentHandle: number,
  ): Promise<Uint8Array> =>
    withTransientObject(
      client,
      {
        command: commands.CreatePrimary,
        request: { primaryHandle, inPublic: encodePublicArea(template) },
      },
      async ({ objectHandle, outPublic }) => {
        const request = { auth: TPM_RH.OWNER, objectHandle, persistentHandle };
        await client.execute(commands.EvictControl, request, signal);
        return asTpm2b(outPublic);
      },
      signal,
    );
  return {
    endorsementKey: await makePersistent(TPM_RH.ENDORSEMENT, keys.ek, persistentHandles.endorsementKey),
    storageRootKey: await makePersistent(TPM_RH.OWNER, keys.srk, persistentHandles.storageRootKey),
  };
}

/**
 * Takes over the key that a service wrapped for this TPM, and makes it the identity key; an earlier one is removed.
 *
 * @param blob the decoded `authenticationKey`
 * @throws CodecError when the blob is malformed
 * @throws TpmResponseError `TPM_RC_INTEGRITY` when it was made for another SRK; for another EK what the TPM says to an
 *   OAEP failure (libtpms: `TPM_RC_FAILURE`, others `TPM_RC_VALUE`)
 */
export async function activateIdentityKey(
  client: TpmClient,
  blob: Uint8Array,
  signal?: AbortSignal,
  slot: IdentityKeySlot = usualSlot,
): Promise<void> {
  if (slot.clearedFirst) await clearSlot(client, slot);
  const fields = parseActivationBlob(blob);
  const innerKey = await activateCredential(client, fields, signal);
  const parentHandle = persistentHandles.storageRootKey;
  const { objectPublic, duplicate, inSymSeed } = fields;
  const { outPrivate } = await client.execute(
    commands.Import,
    {
      parentHandle,
      encryptionKey: innerKey,
      objectPublic,
      duplicate,
      inSymSeed,
      symmetricAlg: { algorithm: TPM_ALG.AES, keyBits: innerKey.length * 8, mode: TPM_ALG.CFB },
    },
    signal,
  );
  await withTransientObject(
    client,
    { command: commands.Load, request: { parentHandle, inPrivate: outPrivate, inPublic: objectPublic } },
    ({ objectHandle }) => replaceIdentityKey(client, objectHandle, slot),
    signal,
  );
}

/**
 * HMAC-SHA256 with the identity key: one command up to 1024 bytes, a sequence above.
 *
 * @returns 32 bytes
 * @throws TpmResponseError `TPM_RC_HANDLE` when no identity key was activated
 */
export async function signWithIdentityKey(
  client: TpmClient,
  data: Uint8Array,
  signal?: AbortSignal,
  { handle }: Pick<IdentityKeySlot, 'handle'> = usualSlot,
): Promise<Uint8Array> {
  if (data.length > inputBufferBytes) return signInSequence(client, data, handle, signal);
  const request = { handle, buffer: data, hashAlg: TPM_ALG.SHA256 };
  return (await client.execute(commands.HMAC, request, signal)).outHMAC;
}

async function activateCredential(
  client: TpmClient,
  { credentialBlob, secret }: ActivationBlob,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  return withPolicySession(
    client,
    async (session) => {
      // The policy of every EK template: knowledge of the endorsement password, which is empty here.
      const policySecret = { authHandle: TPM_RH.ENDORSEMENT, policySession: session.handle };
      await client.execute(commands.PolicySecret, policySecret, signal);
      const { certInfo } = await client.execute(
        commands.ActivateCredential,
        {
          activateHandle: persistentHandles.storageRootKey,
          keyHandle: persistentHandles.endorsementKey,
          authorizations: [emptyPassword, session.authorizeLast()],
          credentialBlob,
          secret,
        },
        signal,
      );
      return certInfo;
    },
    signal,
  );
}

const evictIdentityKey = prepareCommand(commands.EvictControl, {
  auth: TPM_RH.OWNER,
  objectHandle: persistentHandles.identityKey,
  persistentHandle: persistentHandles.identityKey,
});

/** Takes no signal: stopped half-way it would leave the device without any key. */
async function replaceIdentityKey(
  client: TpmClient,
  objectHandle: number,
  slot: IdentityKeySlot,
): Promise<void> {
  if (!slot.clearedFirst && slot.neverCleared !== true) await clearSlot(client, slot);
  const request = { auth: TPM_RH.OWNER, objectHandle, persistentHandle: slot.handle };
  await client.execute(commands.EvictControl, request);
}

async function clearSlot(client: TpmClient, { handle }: IdentityKeySlot): Promise<void> {
  const evicted =
    handle === usualSlot.handle
      ? client.run(evictIdentityKey)
      : client.execute(commands.EvictControl, {
          auth: TPM_RH.OWNER,
          objectHandle: handle,
          persistentHandle: handle,
        });
  await evicted.catch((error: unknown) => {
    const thereWasNone = error instanceof TpmResponseError && error.code === 'TPM_RC_HANDLE';
    if (!thereWasNone) throw error;
  });
}

async function signInSequence(
  client: TpmClient,
  data: Uint8Array,
  handle: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const start = {
    handle,
    auth: new Uint8Array(0),
    hashAlg: TPM_ALG.SHA256,
  };
  const { sequenceHandle } = await allocate(client, commands.HMAC_Start, start, signal);
  return flushOnFailure(client, sequenceHandle, async () => {
    let offset = 0;
    for (; data.length - offset > inputBufferBytes; offset += inputBufferBytes) {
      const buffer = data.subarray(offset, offset + inputBufferBytes);
      await client.execute(commands.SequenceUpdate, { sequenceHandle, buffer }, signal);
    }
    const last = { sequenceHandle, buffer: data.subarray(offset), hierarchy: TPM_RH.NULL };
    return (await client.execute(commands.SequenceComplete, last, signal)).result;
  });
}

const asTpm2b = (publicArea: Uint8Array): Uint8Array => new ByteWriter().sized(publicArea).finish();
