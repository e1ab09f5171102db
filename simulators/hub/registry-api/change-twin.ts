import { z } from 'zod';
import { etagMatches } from '../../wire/etag.ts';
import { moduleOf } from '../hub-identity.ts';
import { type HubRefusal, hubRefusals } from '../hub-refusal.ts';
import type { HubRegistry } from '../hub-registry.ts';
import { putTwin } from '../hub-service.ts';
import { patchTwin, replaceTwin } from '../twin.ts';
import { stale, unknownDevice } from './change-device.ts';
import { readBodyAs } from './identity-body.ts';
import { twinResource } from './identity-resource.ts';

const members = z.record(z.string(), z.unknown());
const twinBody = z.object({
  tags: members.nullish(),
  properties: z.object({ desired: members.nullish() }).nullish(),
});

/** Whose twin. */
export interface TwinAddress {
  readonly deviceId: string;
  readonly moduleId: string | undefined;
}

export function getTwin(registry: HubRegistry, { deviceId, moduleId }: TwinAddress): object | HubRefusal {
  const identity = registry.get(deviceId);
  if (identity === undefined) return unknownDevice(deviceId);
  if (moduleId === undefined) return twinResource(identity);
  const module = moduleOf(identity, moduleId);
  return module === undefined
    ? hubRefusals.moduleNotFound(`${deviceId} has no module ${moduleId.slice(0, 128)}`)
    : twinResource(identity, module);
}

/** Changes tags and desired properties; what a device reports only it can change. */
export function changeTwin(
  registry: HubRegistry,
  address: TwinAddress & { readonly ifMatch: string | undefined },
  how: 'patch' | 'replace',
  body: unknown,
): object | HubRefusal {
  const { deviceId, moduleId, ifMatch } = address;
  const read = readBodyAs(twinBody, body);
  if ('kind' in read) return read;
  const identity = registry.get(deviceId);
  if (identity === undefined) return unknownDevice(deviceId);
  const owner = moduleId === undefined ? identity : moduleOf(identity, moduleId);
  if (owner === undefined) return hubRefusals.moduleNotFound(`${deviceId} has no module ${moduleId ?? ''}`);
  if (ifMatch !== undefined && !etagMatches(ifMatch, owner.twin.etag)) return stale(deviceId);
  const change = { tags: read.value.tags ?? undefined, desired: read.value.properties?.desired ?? undefined };
  const twin = how === 'patch' ? patchTwin(owner.twin, change) : replaceTwin(owner.twin, change);
  putTwin(registry, { identity, moduleId }, twin);
  return getTwin(registry, address);
}
