import { makeEtag } from '../wire/etag.ts';
import type { HubDirectory } from './hub-directory.ts';
import type { HubAuthentication, HubIdentity } from './hub-identity.ts';
import { createIdentity } from './hub-registry.ts';
import { createTwin, type InitialTwin } from './twin.ts';

/** What DPS tells a hub of a device that it assigns. */
export interface DeviceToProvision {
  readonly hub: string;
  readonly deviceId: string;
  readonly authentication: HubAuthentication;
  readonly iotEdge: boolean;
  readonly initialTwin: InitialTwin | undefined;
  /** Where it was before, when it was anywhere. */
  readonly before: { readonly hub: string; readonly deviceId: string } | undefined;
  /** What becomes of the data that a hub has of it already. */
  readonly data: 'keep' | 'reset';
}

/**
 * Makes a device known at the hub that DPS assigned, with the credentials that it proved to DPS. A device that moves takes
 * its twin and capabilities along or leaves them behind; its identity in the hub before is removed.
 *
 * A device that is there already keeps its state, `disabled` too: DPS renews its credentials only.
 */
export function provisionDevice(device: DeviceToProvision, directory: HubDirectory): void {
  const { hub: hostName, deviceId, authentication, before } = device;
  const hub = directory.find(hostName);
  if (hub === undefined) return; // a webhook's hub is checked against the linked ones before
  const old = before === undefined ? undefined : directory.find(before.hub)?.get(before.deviceId);
  const known = hub.get(deviceId) ?? old;
  if (before !== undefined && (before.hub !== hub.hostName || before.deviceId !== deviceId)) {
    directory.find(before.hub)?.delete(before.deviceId);
  }
  if (known === undefined || known.deviceId !== deviceId) {
    hub.put(createIdentity(device));
    return;
  }
  const kept: HubIdentity = hub.get(deviceId) === undefined ? moved(known, device) : known;
  const twin = device.data === 'reset' ? createTwin(device.initialTwin) : kept.twin;
  hub.put({ ...kept, authentication, twin, etag: makeEtag() });
}

/** In another hub it is a new identity, with a generation of its own. */
const moved = (old: HubIdentity, device: DeviceToProvision): HubIdentity => {
  const { generationId, etag, modules, deviceScope } = createIdentity({ ...device, iotEdge: old.iotEdge });
  return { ...old, generationId, etag, modules, deviceScope };
};
