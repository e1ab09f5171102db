import { ByteWriter } from '../kernel/bytes.ts';
import { TpmResponseError } from '../kernel/errors.ts';
import { commands } from './codec/commands.ts';
import { TPM_CAP, TPM_HANDLE_RANGE, TPM_PT } from './codec/constants.ts';
import { persistentHandles, registrationIdFromEk, registrationIdFromEkHex } from './templates.ts';
import { createTpmClient, type TpmClient } from './tpm-client.ts';
import type { TpmTransport } from './transport.ts';

/** A key at a persistent handle. */
export interface PersistentKey {
  readonly handle: number;
  /** TPM2B_PUBLIC with its size field: the form that DPS takes, as base64. */
  readonly publicArea: Uint8Array;
  readonly name: Uint8Array;
}

/** What can be learnt about a TPM without changing it. */
export interface TpmDescription {
  /** e.g. `IBM`. */
  readonly manufacturer: string;
  /** e.g. `SW   TPM`. */
  readonly vendor: string;
  /** Four numbers with dots. */
  readonly firmwareVersion: string;
  /** Revision of the TPM 2.0 library specification, e.g. `1.64`. */
  readonly specificationRevision: string;
  readonly lockout: {
    readonly active: boolean;
    readonly failedTries: number;
    readonly maxTries: number;
  };
  readonly persistentHandles: readonly number[];
  readonly endorsementKey: PersistentKey | undefined;
  readonly storageRootKey: PersistentKey | undefined;
  /** The HMAC key that DPS or IoT Hub gave. */
  readonly identityKey: PersistentKey | undefined;
  /** Two forms for one EK, both valid: enrollment and device only have to agree. Absent without an EK. */
  readonly registrationIds:
    | {
        /** base32 of SHA-256: what the SDKs, `tpm_device_provision` and EFLOW derive. */
        readonly base32: string;
        /** Hexadecimal SHA-256: what the documented recipe with tpm2-tools and sha256sum gives. */
        readonly hex: string;
      }
    | undefined;
}

/** TPMA_PERMANENT.inLockout (TPM 2.0 Part 2 §8.6). */
const inLockout = 0x200;
/** A TPM answers with fewer where a response has no room for so many. */
const manyProperties = 127;

/** @throws TpmResponseError, CodecError, TransportError when the TPM does not answer such questions */
export async function describeTpm(transport: TpmTransport, signal?: AbortSignal): Promise<TpmDescription> {
  const client = createTpmClient(transport);
  const fixed = await readProperties(client, TPM_PT.FAMILY_INDICATOR, signal);
  const variable = await readProperties(client, TPM_PT.PERMANENT, signal);
  const value = (properties: ReadonlyMap<number, number>, property: number): number =>
    properties.get(property) ?? 0;
  const handles = await readPersistentHandles(client, signal);
  const keyAt = async (handle: number): Promise<PersistentKey | undefined> =>
    handles.includes(handle) ? readKey(client, handle, signal) : undefined;
  const endorsementKey = await keyAt(persistentHandles.endorsementKey);
  return {
    manufacturer: text(value(fixed, TPM_PT.MANUFACTURER)),
    vendor: [0, 1, 2, 3]
      .map((index) => text(value(fixed, TPM_PT.VENDOR_STRING_1 + index)))
      .join('')
      .trim(),
    firmwareVersion: [value(fixed, TPM_PT.FIRMWARE_VERSION_1), value(fixed, TPM_PT.FIRMWARE_VERSION_1 + 1)]
      .flatMap((word) => [word >>> 16, word & 0xffff])
      .join('.'),
    specificationRevision: (value(fixed, TPM_PT.REVISION) / 100).toFixed(2),
    lockout: {
      active: (value(variable, TPM_PT.PERMANENT) & inLockout) !== 0,
      failedTries: value(variable, TPM_PT.LOCKOUT_COUNTER),
      maxTries: value(variable, TPM_PT.MAX_AUTH_FAIL),
    },
    persistentHandles: handles,
    endorsementKey,
    storageRootKey: await keyAt(persistentHandles.storageRootKey),
    identityKey: await keyAt(persistentHandles.identityKey),
    registrationIds: endorsementKey && {
      base32: registrationIdFromEk(endorsementKey.publicArea),
      hex: registrationIdFromEkHex(endorsementKey.publicArea),
    },
  };
}

async function readProperties(
  client: TpmClient,
  first: number,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<number, number>> {
  const request = { capability: TPM_CAP.TPM_PROPERTIES, property: first, propertyCount: manyProperties };
  const { capabilityData } = await client.execute(commands.GetCapability, request, signal);
  return capabilityData.kind === 'properties' ? capabilityData.properties : new Map();
}

async function readPersistentHandles(client: TpmClient, signal: AbortSignal | undefined): Promise<number[]> {
  const handles: number[] = [];
  for (let more = true, next: number = TPM_HANDLE_RANGE.PERSISTENT; more; ) {
    const request = { capability: TPM_CAP.HANDLES, property: next, propertyCount: manyProperties };
    const { moreData, capabilityData } = await client.execute(commands.GetCapability, request, signal);
    const found = capabilityData.kind === 'handles' ? capabilityData.handles : [];
    handles.push(...found);
    more = moreData && found.length > 0;
    next = (handles.at(-1) ?? 0) + 1;
  }
  return handles;
}

async function readKey(
  client: TpmClient,
  handle: number,
  signal: AbortSignal | undefined,
): Promise<PersistentKey | undefined> {
  try {
    const { outPublic, name } = await client.execute(commands.ReadPublic, { objectHandle: handle }, signal);
    return { handle, publicArea: new ByteWriter().sized(outPublic).finish(), name };
  } catch (error) {
    // An object that cannot be used, as its hierarchy is off, is listed and not readable.
    if (error instanceof TpmResponseError) return undefined;
    throw error;
  }
}

/** Four characters in a 32-bit value, filled up with zeros. */
function text(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes.toString('latin1').replaceAll('\0', '');
}
