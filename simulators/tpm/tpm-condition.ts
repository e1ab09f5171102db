import { createHash } from 'node:crypto';
import { ByteWriter, toHex } from '../kernel/bytes.ts';
import { TpmResponseError } from '../kernel/errors.ts';
import { commands } from './codec/commands.ts';
import { TPM_CAP, TPM_HANDLE_RANGE, TPM_PT, TPM_RH } from './codec/constants.ts';
import { encodePublicArea } from './codec/public-area.ts';
import { describeTpm } from './describe-tpm.ts';
import { templates } from './templates.ts';
import { createTpmClient, type TpmClient, withTransientObject } from './tpm-client.ts';
import type { TpmTransport } from './transport.ts';

/** What a TPM shows of itself when something went wrong with it. Digests are SHA-256 of a TPM2B_PUBLIC, hexadecimal. */
export interface TpmCondition {
  readonly kind: 'answers';
  readonly persistentHandles: readonly number[];
  /** At 0x81010001 and 0x81000001; `null` where there is none. */
  readonly endorsementKey: string | null;
  readonly storageRootKey: string | null;
  /** How long the EK is as a TPM2B_PUBLIC. */
  readonly endorsementKeyBytes: number | null;
  readonly lockout: { readonly active: boolean; readonly failedTries: number; readonly maxTries: number };
  readonly ownerPassword: boolean;
  readonly endorsementPassword: boolean;
  readonly loadedSessions: number;
  readonly transientObjects: number;
  /** The EKs that its seed gives from templates in use, by the template's name; only when they were asked for. */
  readonly endorsementKeysByTemplate?: Readonly<Record<string, string>>;
}

/** TPMA_PERMANENT (TPM 2.0 Part 2 §8.6). */
const ownerAuthSet = 0x1;
const endorsementAuthSet = 0x2;

/**
 * Reads a TPM's condition; nothing of it changes.
 *
 * @param options.derivesKeys also makes EKs from templates: two prime searches
 * @throws TpmResponseError, CodecError, TransportError when the TPM does not answer such questions
 */
export async function readTpmCondition(
  transport: TpmTransport,
  { derivesKeys, signal }: { readonly derivesKeys: boolean; readonly signal: AbortSignal },
): Promise<TpmCondition> {
  const client = createTpmClient(transport);
  const { persistentHandles, endorsementKey, storageRootKey, lockout } = await describeTpm(transport, signal);
  const permanent = await readPermanent(client, signal);
  const common = {
    kind: 'answers',
    persistentHandles,
    endorsementKey: endorsementKey === undefined ? null : digestOf(endorsementKey.publicArea),
    endorsementKeyBytes: endorsementKey?.publicArea.length ?? null,
    storageRootKey: storageRootKey === undefined ? null : digestOf(storageRootKey.publicArea),
    lockout,
    ownerPassword: (permanent & ownerAuthSet) !== 0,
    endorsementPassword: (permanent & endorsementAuthSet) !== 0,
    loadedSessions: await countHandles(client, TPM_HANDLE_RANGE.LOADED_SESSION, signal),
    transientObjects: await countHandles(client, TPM_HANDLE_RANGE.TRANSIENT, signal),
  } as const;
  return derivesKeys
    ? { ...common, endorsementKeysByTemplate: await deriveEndorsementKeys(client, signal) }
    : common;
}

async function readPermanent(client: TpmClient, signal: AbortSignal): Promise<number> {
  const request = { capability: TPM_CAP.TPM_PROPERTIES, property: TPM_PT.PERMANENT, propertyCount: 1 };
  const { capabilityData } = await client.execute(commands.GetCapability, request, signal);
  return capabilityData.kind === 'properties' ? (capabilityData.properties.get(TPM_PT.PERMANENT) ?? 0) : 0;
}

async function countHandles(client: TpmClient, first: number, signal: AbortSignal): Promise<number> {
  const request = { capability: TPM_CAP.HANDLES, property: first, propertyCount: 127 };
  const { capabilityData } = await client.execute(commands.GetCapability, request, signal);
  return capabilityData.kind === 'handles' ? capabilityData.handles.length : 0;
}

async function deriveEndorsementKeys(
  client: TpmClient,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  const tried = { TCG: templates.endorsementKey, SDK: templates.endorsementKeyEmptyUnique } as const;
  const derived: Record<string, string> = {};
  for (const [name, template] of Object.entries(tried)) {
    const request = { primaryHandle: TPM_RH.ENDORSEMENT, inPublic: encodePublicArea(template) };
    try {
      derived[name] = await withTransientObject(
        client,
        { command: commands.CreatePrimary, request },
        ({ outPublic }) => Promise.resolve(digestOf(new ByteWriter().sized(outPublic).finish())),
        signal,
      );
    } catch (error) {
      // A hierarchy with a password makes no key for us: the other findings stand.
      if (!(error instanceof TpmResponseError)) throw error;
    }
  }
  return derived;
}

const digestOf = (publicArea: Uint8Array): string => toHex(createHash('sha256').update(publicArea).digest());
