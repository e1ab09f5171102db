import { randomBytes } from 'node:crypto';
import { toBase64 } from '../kernel/bytes.ts';
import { freshHex } from '../kernel/fresh-hex.ts';
import { type Collection, entriesOf } from '../storage/collection.ts';
import { makeEtag } from '../wire/etag.ts';
import type { HubAuthentication } from '../wire/hub-api.ts';
import { type HubIdentity, type HubModule, isSystemModule, SYSTEM_MODULES } from './hub-identity.ts';
import { createTwin, type InitialTwin } from './twin.ts';

/** What a new device is made of; what is left out has the hub's default. */
export interface NewDevice {
  readonly deviceId: string;
  /** Default: two new keys. */
  readonly authentication?: HubAuthentication | undefined;
  readonly status?: HubIdentity['status'] | undefined;
  readonly statusReason?: string | null | undefined;
  readonly iotEdge?: boolean | undefined;
  readonly parentScopes?: readonly string[] | undefined;
  readonly initialTwin?: InitialTwin | undefined;
}

/** An identity as it is kept. */
export interface HubIdentityRecord {
  readonly hub: string;
  /** Its place among those of all hubs. */
  readonly sequence: number;
  readonly identity: HubIdentity;
}

export type HubIdentities = Collection<HubIdentityRecord>;

/** Hub names cannot hold a slash, deviceIds can. */
export const identityKey = (hub: string, deviceId: string): string => `${hub.toLowerCase()}/${deviceId}`;

/** The identity registry of one hub. deviceIds and moduleIds are case-sensitive. */
export class HubRegistry {
  readonly hostName: string;
  readonly #records: HubIdentities;

  constructor(hostName: string, records: HubIdentities) {
    this.hostName = hostName;
    this.#records = records;
  }

  get(deviceId: string): HubIdentity | undefined {
    return this.#records.get(this.#key(deviceId))?.identity;
  }

  /** In the order in which they were made. */
  *list(): Generator<HubIdentity> {
    for (const { value } of entriesOf(this.#records, this.hostName)) yield value.identity;
  }

  /** The one place where identities change. */
  put(identity: HubIdentity): HubIdentity {
    const key = this.#key(identity.deviceId);
    const sequence = this.#records.get(key)?.sequence ?? this.#records.nextSequence;
    const record = { hub: this.hostName, sequence, identity };
    this.#records.put(key, record, { sequence, owner: this.hostName });
    return identity;
  }

  delete(deviceId: string): boolean {
    return this.#records.delete(this.#key(deviceId));
  }

  #key(deviceId: string): string {
    return identityKey(this.hostName, deviceId);
  }
}

/** A new identity, with its system modules when it is an edge device. */
export function createIdentity(device: NewDevice): HubIdentity {
  const { deviceId, iotEdge = false } = device;
  const modules = iotEdge ? SYSTEM_MODULES.map((moduleId) => createModule(deviceId, moduleId)) : [];
  return {
    deviceId,
    generationId: makeGenerationId(),
    etag: makeEtag(),
    status: device.status ?? 'enabled',
    statusReason: device.statusReason ?? null,
    statusUpdatedAtMs: null,
    authentication: device.authentication ?? newKeys(),
    iotEdge,
    // The form of the documentation's samples.
    deviceScope: iotEdge
      ? `ms-azure-iot-edge://${deviceId}-${makeGenerationId()}`
      : (device.parentScopes?.[0] ?? null),
    parentScopes: device.parentScopes ?? [],
    modules: Object.fromEntries(modules.map((module) => [module.moduleId, module])),
    twin: createTwin(device.initialTwin),
  };
}

/** A new module; those of the edge runtime get no key before the runtime asks for one. */
export const createModule = (
  deviceId: string,
  moduleId: string,
  given: {
    readonly authentication?: HubAuthentication | undefined;
    readonly managedBy?: string | null | undefined;
  } = {},
): HubModule => ({
  deviceId,
  moduleId,
  generationId: makeGenerationId(),
  etag: makeEtag(),
  authentication: given.authentication ?? (isSystemModule(moduleId) ? { type: 'none' } : newKeys()),
  managedBy: given.managedBy ?? (isSystemModule(moduleId) ? 'iotEdge' : null),
  twin: createTwin(undefined),
});

/** As long as those of the real hub: 32 bytes, 44 characters of base64. */
export const newKeys = (): HubAuthentication => ({
  type: 'sas',
  primaryKey: toBase64(randomBytes(32)),
  secondaryKey: toBase64(randomBytes(32)),
});

/** 18 decimal digits, as seen. */
const makeGenerationId = (): string =>
  (10n ** 17n + (BigInt(`0x${freshHex()}`) % (9n * 10n ** 17n))).toString();
