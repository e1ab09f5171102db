import { hash } from 'node:crypto';
import type { Enrollment } from '../wire/enrollment.ts';
import { idKey } from './registration-id.ts';

/** The hubs of the instance, and what its allocation policies go by. */
export interface LinkedHubs {
  /** Host names; they need a dot, as some SDKs split at the first one. */
  readonly hubs: readonly string[];
  /** Whole numbers from 1 to 1000 by hub, for `hashed`; 1 where none is given. */
  readonly hubWeights?: Readonly<Record<string, number>>;
  /** For `geoLatency`: nearest first. No latency is measured, as everything is on this machine. */
  readonly hubPreference?: readonly string[];
}

/** The hub of a device under the policies `static`, `hashed` (the default) and `geoLatency`; undefined when none fits. */
export function allocateHub(
  registrationId: string,
  enrollment: Enrollment,
  linked: LinkedHubs,
): string | undefined {
  const eligible = eligibleHubs(enrollment, linked.hubs);
  if (eligible.length < 2) return eligible[0];
  switch (enrollment.allocationPolicy) {
    case 'static':
      return undefined; // which of them is not said
    case 'geoLatency': {
      const nearest = linked.hubPreference?.find((hub) => eligible.includes(hub));
      return nearest ?? hashedHub(registrationId, eligible, linked.hubWeights);
    }
    default:
      return hashedHub(registrationId, eligible, linked.hubWeights);
  }
}

/** Linked hubs that the enrollment may use: the one that it names, those that it lists, or all. */
export function eligibleHubs(
  { iotHubHostName, iotHubs }: Enrollment,
  hubs: readonly string[],
): readonly string[] {
  if (iotHubHostName !== undefined) return hubs.filter((hub) => hub === iotHubHostName);
  return iotHubs === undefined || iotHubs.length === 0 ? hubs : hubs.filter((hub) => iotHubs.includes(hub));
}

/** The same hub for the same id each time; a hub of weight 2 gets twice the devices of one of weight 1. */
function hashedHub(
  registrationId: string,
  hubs: readonly string[],
  weights: Readonly<Record<string, number>> = {},
): string | undefined {
  const weightOf = (hub: string): number => weights[hub] ?? 1;
  const total = hubs.reduce((sum, hub) => sum + weightOf(hub), 0);
  let ticket = hash('sha256', idKey(registrationId), 'buffer').readUInt32BE(0) % total;
  return hubs.find((hub) => {
    ticket -= weightOf(hub);
    return ticket < 0;
  });
}
