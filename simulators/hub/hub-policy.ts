/** What a shared access policy of a hub lets its holder do. */
export type HubRight = 'RegistryRead' | 'RegistryWrite' | 'ServiceConnect' | 'DeviceConnect';

/** A shared access policy with its key, decoded. */
export interface HubPolicy {
  readonly name: string;
  readonly key: Uint8Array;
  readonly rights: readonly HubRight[];
}

/** The policies that every hub begins with. */
export const hubPolicyRights = {
  iothubowner: ['RegistryRead', 'RegistryWrite', 'ServiceConnect', 'DeviceConnect'],
  service: ['ServiceConnect'],
  device: ['DeviceConnect'],
  registryRead: ['RegistryRead'],
  registryReadWrite: ['RegistryRead', 'RegistryWrite'],
} as const satisfies Readonly<Record<string, readonly HubRight[]>>;

export const HUB_OWNER_POLICY = 'iothubowner';
