import { etagMatches, makeEtag } from '../../wire/etag.ts';
import { type HubIdentity, moduleOf } from '../hub-identity.ts';
import { type HubRefusal, hubRefusals } from '../hub-refusal.ts';
import { createIdentity, createModule, type HubRegistry } from '../hub-registry.ts';
import {
  type DeviceBody,
  isHubId,
  type ModuleBody,
  readAuthentication,
  refuseSystemModule,
} from './identity-body.ts';

/** Who is changed, and which version of it the client means: none for a new one, `*` for any. */
export interface ChangedDevice {
  readonly deviceId: string;
  readonly ifMatch: string | undefined;
}

export type Changed<T> = { readonly kind: 'changed'; readonly value: T } | HubRefusal;

/** Creates a device, or with If-Match changes the one that is there. */
export function putDevice(
  registry: HubRegistry,
  { deviceId, ifMatch }: ChangedDevice,
  body: DeviceBody,
  nowMs: number,
): Changed<HubIdentity> {
  if (!isHubId(deviceId) || (body.deviceId !== undefined && body.deviceId !== deviceId)) {
    return hubRefusals.argumentInvalid(`deviceId ${deviceId.slice(0, 128)} is not one, or not the body's`);
  }
  const before = registry.get(deviceId);
  const refusal = refuseVersion(before, ifMatch, deviceId);
  if (refusal !== undefined) return refusal;
  const authentication = readAuthentication(body.authentication, before?.authentication);
  if ('kind' in authentication) return authentication;
  const status = body.status ?? before?.status ?? 'enabled';
  const iotEdge = body.capabilities?.iotEdge ?? before?.iotEdge ?? false;
  const parentScopes = body.parentScopes ?? before?.parentScopes ?? [];
  const made = createIdentity({ deviceId, authentication, status, iotEdge, parentScopes });
  const statusReason = body.statusReason ?? before?.statusReason ?? null;
  if (before === undefined) return changed(registry.put({ ...made, statusReason }));
  return changed(
    registry.put({
      ...before,
      ...{ authentication, status, statusReason, iotEdge, parentScopes },
      statusUpdatedAtMs: status === before.status ? before.statusUpdatedAtMs : nowMs,
      deviceScope: before.deviceScope ?? made.deviceScope,
      modules: iotEdge ? { ...made.modules, ...before.modules } : before.modules,
      etag: makeEtag(),
    }),
  );
}

export function deleteDevice(
  registry: HubRegistry,
  { deviceId, ifMatch }: ChangedDevice,
): HubRefusal | undefined {
  const before = registry.get(deviceId);
  if (before === undefined) return unknownDevice(deviceId);
  if (ifMatch !== undefined && !etagMatches(ifMatch, before.etag)) return stale(deviceId);
  registry.delete(deviceId);
  return undefined;
}

/** As published: 50 modules per device. */
const MODULES_PER_DEVICE = 50;

/** Creates a module, or with If-Match changes the one that is there. */
export function putModule(
  registry: HubRegistry,
  { deviceId, moduleId, ifMatch }: ChangedDevice & { readonly moduleId: string },
  body: ModuleBody,
): Changed<HubIdentity> {
  const identity = registry.get(deviceId);
  if (identity === undefined) return unknownDevice(deviceId);
  if (!isHubId(moduleId) || (body.moduleId !== undefined && body.moduleId !== moduleId)) {
    return hubRefusals.argumentInvalid(`moduleId ${moduleId.slice(0, 128)} is not one, or not the body's`);
  }
  const before = moduleOf(identity, moduleId);
  if (before !== undefined && ifMatch === undefined) {
    return hubRefusals.moduleExists(`${deviceId} has a module ${moduleId}`);
  }
  if (before === undefined && ifMatch !== undefined && ifMatch.replaceAll('"', '') !== '*') {
    return hubRefusals.moduleNotFound(`${deviceId} has no module ${moduleId}`);
  }
  if (before !== undefined && !etagMatches(ifMatch ?? '', before.etag)) return stale(moduleId);
  if (before === undefined && Object.keys(identity.modules).length >= MODULES_PER_DEVICE) {
    return hubRefusals.tooManyModules(`${deviceId} has ${MODULES_PER_DEVICE} modules`);
  }
  const made = before ?? createModule(deviceId, moduleId);
  const authentication = readAuthentication(body.authentication, made.authentication);
  if ('kind' in authentication) return authentication;
  const managedBy = body.managedBy ?? made.managedBy;
  const module = { ...made, authentication, managedBy, etag: makeEtag() };
  return changed(registry.put({ ...identity, modules: { ...identity.modules, [moduleId]: module } }));
}

export function deleteModule(
  registry: HubRegistry,
  { deviceId, moduleId, ifMatch }: ChangedDevice & { readonly moduleId: string },
): HubRefusal | undefined {
  const identity = registry.get(deviceId);
  if (identity === undefined) return unknownDevice(deviceId);
  const module = moduleOf(identity, moduleId);
  if (module === undefined) return hubRefusals.moduleNotFound(`${deviceId} has no module ${moduleId}`);
  const system = refuseSystemModule(moduleId);
  if (system !== undefined) return system;
  if (ifMatch !== undefined && !etagMatches(ifMatch, module.etag)) return stale(moduleId);
  const { [moduleId]: _removed, ...others } = identity.modules;
  registry.put({ ...identity, modules: others });
  return undefined;
}

export const unknownDevice = (deviceId: string): HubRefusal =>
  hubRefusals.deviceNotFound(`no device ${deviceId.slice(0, 128)}`);

export const stale = (id: string): HubRefusal =>
  hubRefusals.preconditionFailed(`${id.slice(0, 128)} has changed since: its etag is another`);

function refuseVersion(
  before: HubIdentity | undefined,
  ifMatch: string | undefined,
  deviceId: string,
): HubRefusal | undefined {
  if (ifMatch === undefined) {
    return before === undefined ? undefined : hubRefusals.deviceExists(`${deviceId} is in the registry`);
  }
  if (before === undefined) return unknownDevice(deviceId);
  return etagMatches(ifMatch, before.etag) ? undefined : stale(deviceId);
}

const changed = <T>(value: T): { readonly kind: 'changed'; readonly value: T } => ({
  kind: 'changed',
  value,
});
