import { hash } from 'node:crypto';
import type { Enrollment } from '../wire/enrollment.ts';
import { idKey } from './registration-id.ts';

/** The hub of a device: the enrollment's own, else a stable hash of the id over the hubs that it may use. */
export function allocateHub(
  registrationId: string,
  enrollment: Enrollment,
  linked: readonly string[],
): string | undefined {
  const wanted = enrollment.iotHubHostName === undefined ? enrollment.iotHubs : [enrollment.iotHubHostName];
  const eligible = wanted === undefined ? linked : linked.filter((hub) => wanted.includes(hub));
  if (eligible.length < 2) return eligible[0];
  const digest = hash('sha256', idKey(registrationId), 'buffer');
  return eligible[digest.readUInt32BE(0) % eligible.length];
}
