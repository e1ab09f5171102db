import { makeEtag } from '../wire/etag.ts';
import type { HubTwin, TwinObject } from './hub-identity.ts';

/** `{tags, properties: {desired}}`, as enrollments and webhooks give it. */
export interface InitialTwin {
  readonly tags?: TwinObject | undefined;
  readonly properties?: { readonly desired?: TwinObject | undefined } | undefined;
}

/** What a client may change of a twin; a device changes `reported`, everybody else the rest. */
export interface TwinChange {
  readonly tags?: TwinObject | undefined;
  readonly desired?: TwinObject | undefined;
  readonly reported?: TwinObject | undefined;
}

/** The twin of an identity that is new. */
export function createTwin(initial: InitialTwin | undefined): HubTwin {
  return {
    etag: makeEtag(),
    version: 1,
    tags: withoutSystemMembers(initial?.tags),
    desired: withoutSystemMembers(initial?.properties?.desired),
    desiredVersion: 1,
    reported: {},
    reportedVersion: 1,
  };
}

/** Merges as RFC 7396 says: null removes, objects merge, everything else replaces. */
export const patchTwin = (twin: HubTwin, change: TwinChange): HubTwin =>
  changed(twin, change, (before, patch) => merge(before, withoutSystemMembers(patch)));

/** Replaces the parts that are given. */
export const replaceTwin = (twin: HubTwin, change: TwinChange): HubTwin =>
  changed(twin, change, (_before, replacement) => withoutSystemMembers(replacement));

function changed(
  twin: HubTwin,
  { tags, desired, reported }: TwinChange,
  combine: (before: TwinObject, given: TwinObject) => TwinObject,
): HubTwin {
  return {
    etag: makeEtag(),
    version: twin.version + 1,
    tags: tags === undefined ? twin.tags : combine(twin.tags, tags),
    desired: desired === undefined ? twin.desired : combine(twin.desired, desired),
    desiredVersion: twin.desiredVersion + (desired === undefined ? 0 : 1),
    reported: reported === undefined ? twin.reported : combine(twin.reported, reported),
    reportedVersion: twin.reportedVersion + (reported === undefined ? 0 : 1),
  };
}

function merge(before: TwinObject, patch: TwinObject): TwinObject {
  const merged = new Map(Object.entries(before));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else if (isObject(value)) merged.set(name, merge(asObject(merged.get(name)), value));
    else merged.set(name, value);
  }
  return Object.fromEntries(merged);
}

/** `$metadata` and `$version` are the hub's own: clients send them back as they got them. */
const withoutSystemMembers = (given: TwinObject | undefined): TwinObject =>
  Object.fromEntries(Object.entries(given ?? {}).filter(([name]) => !name.startsWith('$')));

const isObject = (value: unknown): value is TwinObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const asObject = (value: unknown): TwinObject => (isObject(value) ? value : {});
