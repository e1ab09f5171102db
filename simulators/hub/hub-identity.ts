/** How a device or module proves itself to its hub. Thumbprints are hexadecimal, SHA-1 or SHA-256, in upper case. */
export type HubAuthentication =
  | { readonly type: 'sas'; readonly primaryKey: string; readonly secondaryKey: string }
  | {
      readonly type: 'selfSigned';
      readonly primaryThumbprint: string | null;
      readonly secondaryThumbprint: string | null;
    }
  | { readonly type: 'certificateAuthority' }
  | { readonly type: 'none' };

export type TwinObject = Readonly<Record<string, unknown>>;

/** The parts of a twin that people write; `$version` counts from 1 for each of them. */
export interface HubTwin {
  readonly etag: string;
  readonly version: number;
  readonly tags: TwinObject;
  readonly desired: TwinObject;
  readonly desiredVersion: number;
  readonly reported: TwinObject;
  readonly reportedVersion: number;
}

interface IdentityCommon {
  readonly deviceId: string;
  /** Changes when an identity of the same name is made anew. */
  readonly generationId: string;
  readonly etag: string;
  readonly authentication: HubAuthentication;
  readonly twin: HubTwin;
}

/** A module of a device, e.g. `$edgeAgent`. */
export interface HubModule extends IdentityCommon {
  readonly moduleId: string;
  readonly managedBy: string | null;
}

/** One device in a hub's identity registry: plain data, replaced as a whole when anything in it changes. */
export interface HubIdentity extends IdentityCommon {
  readonly status: 'enabled' | 'disabled';
  readonly statusReason: string | null;
  readonly statusUpdatedAtMs: number | null;
  readonly iotEdge: boolean;
  readonly deviceScope: string | null;
  readonly parentScopes: readonly string[];
  readonly modules: Readonly<Record<string, HubModule>>;
}

/** Present on every edge device from its creation on. */
export const SYSTEM_MODULES = ['$edgeAgent', '$edgeHub'] as const;

export const isSystemModule = (moduleId: string): boolean => SYSTEM_MODULES.some((name) => name === moduleId);

/** A module of a device by its id, which a client chose: `toString` is none unless one is called so. */
export const moduleOf = (identity: HubIdentity, moduleId: string): HubModule | undefined =>
  Object.hasOwn(identity.modules, moduleId) ? identity.modules[moduleId] : undefined;
