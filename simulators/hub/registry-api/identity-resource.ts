import type { HubAuthentication, HubIdentity, HubModule, HubTwin, TwinObject } from '../hub-identity.ts';

/** How the hub writes a time that never came. */
const NEVER = '0001-01-01T00:00:00';

const timeOf = (epochMs: number | null): string =>
  epochMs === null ? NEVER : new Date(epochMs).toISOString().replace(/\.\d+Z$/, '');

const hubTime = NEVER;

/** An etag goes without its quotes in the registry's bodies; clients put them back. */
const bare = (etag: string): string => etag.replaceAll('"', '');

/** Every member of `authentication`, those of other types null. */
const authenticationResource = (authentication: HubAuthentication) => ({
  symmetricKey:
    authentication.type === 'sas'
      ? { primaryKey: authentication.primaryKey, secondaryKey: authentication.secondaryKey }
      : { primaryKey: null, secondaryKey: null },
  x509Thumbprint:
    authentication.type === 'selfSigned'
      ? {
          primaryThumbprint: authentication.primaryThumbprint,
          secondaryThumbprint: authentication.secondaryThumbprint,
        }
      : { primaryThumbprint: null, secondaryThumbprint: null },
  type: authentication.type,
});

/** A device as the registry API shows it. */
export const identityResource = (identity: HubIdentity) => ({
  deviceId: identity.deviceId,
  generationId: identity.generationId,
  etag: bare(identity.etag),
  connectionState: 'Disconnected',
  status: identity.status,
  statusReason: identity.statusReason,
  connectionStateUpdatedTime: hubTime,
  statusUpdatedTime: timeOf(identity.statusUpdatedAtMs),
  lastActivityTime: hubTime,
  cloudToDeviceMessageCount: 0,
  capabilities: { iotEdge: identity.iotEdge },
  authentication: authenticationResource(identity.authentication),
  ...(identity.deviceScope === null ? {} : { deviceScope: identity.deviceScope }),
  ...(identity.parentScopes.length === 0 ? {} : { parentScopes: identity.parentScopes }),
});

/** A module as the registry API shows it. */
export const moduleResource = (module: HubModule) => ({
  moduleId: module.moduleId,
  managedBy: module.managedBy,
  deviceId: module.deviceId,
  generationId: module.generationId,
  etag: bare(module.etag),
  connectionState: 'Disconnected',
  connectionStateUpdatedTime: hubTime,
  lastActivityTime: hubTime,
  cloudToDeviceMessageCount: 0,
  authentication: authenticationResource(module.authentication),
});

/** `properties` as a device reads it and as a twin carries it. */
const propertiesResource = (twin: HubTwin) => ({
  desired: section(twin.desired, twin.desiredVersion),
  reported: section(twin.reported, twin.reportedVersion),
});

const section = (members: TwinObject, version: number): TwinObject => ({
  ...members,
  $metadata: { $lastUpdated: `${NEVER}Z` },
  $version: version,
});

/** The twin of a device or module as the registry API shows it. */
export const twinResource = (identity: HubIdentity, module?: HubModule) => {
  const { twin, authentication } = module ?? identity;
  return {
    deviceId: identity.deviceId,
    ...(module === undefined ? {} : { moduleId: module.moduleId }),
    etag: bare(twin.etag),
    deviceEtag: bare(identity.etag),
    status: identity.status,
    statusUpdateTime: `${timeOf(identity.statusUpdatedAtMs)}Z`,
    connectionState: 'Disconnected',
    lastActivityTime: `${hubTime}Z`,
    cloudToDeviceMessageCount: 0,
    authenticationType: authentication.type,
    x509Thumbprint: authenticationResource(authentication).x509Thumbprint,
    version: twin.version,
    tags: twin.tags,
    properties: propertiesResource(twin),
    capabilities: { iotEdge: identity.iotEdge },
    ...(identity.deviceScope === null ? {} : { deviceScope: identity.deviceScope }),
    ...(identity.parentScopes.length === 0 ? {} : { parentScopes: identity.parentScopes }),
  };
};
