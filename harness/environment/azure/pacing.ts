import { type Clock, systemClock } from '../../../simulators/kernel/clock.ts';
import type { Load } from '../../plan/arrivals.ts';

/** Of a service: what it takes in a minute. */
export interface ServiceQuota {
  readonly registrationsPerMinute: number;
  readonly serviceOperationsPerMinute: number;
}

/** Of a quota that others may use too. */
const SHARE = 0.8;

/**
 * The load as the quota allows it: devices start one after the other, evenly. A scenario's own arrivals stay where they
 * are slower.
 */
export function pacedLoad(load: Load, { registrationsPerMinute }: ServiceQuota): Load {
  const most = (registrationsPerMinute * SHARE) / 60;
  if ((load.arrival === 'constant-rate' || load.arrival === 'poisson') && load.ratePerSecond <= most)
    return load;
  return { arrival: 'constant-rate', ratePerSecond: most };
}

/** Lets so many through in a minute, evenly, the first at once. */
export function createPacer(
  perMinute: number,
  clock: Clock = systemClock,
): (signal: AbortSignal) => Promise<void> {
  const gapMs = 60_000 / (perMinute * SHARE);
  let nextMs = clock.monotonicMs();
  return async (signal) => {
    const now = clock.monotonicMs();
    const turnMs = Math.max(now, nextMs);
    nextMs = turnMs + gapMs;
    if (turnMs > now) await clock.sleepMs(turnMs - now, signal);
  };
}

/** What a run will take of a service, before it begins. */
export interface RunEstimate {
  readonly devices: number;
  readonly serviceOperations: number;
  /** Each is billed; status queries are not. */
  readonly billedRegistrations: number;
  readonly minutes: number;
}

/** @param individual devices with an enrollment of their own */
export function estimateRun(
  {
    devices,
    individual,
    groups,
  }: { readonly devices: number; readonly individual: number; readonly groups: number },
  quota: ServiceQuota,
): RunEstimate {
  // Ten are created at once, each is removed, each registration record is read and removed.
  const serviceOperations = Math.ceil(individual / 10) + individual + 2 * groups + 2 * devices;
  const minutes =
    serviceOperations / (quota.serviceOperationsPerMinute * SHARE) +
    devices / (quota.registrationsPerMinute * SHARE);
  return { devices, serviceOperations, billedRegistrations: devices, minutes };
}

/** For a person. */
export const describeEstimate = (estimate: RunEstimate, hostName: string, quota: ServiceQuota): string[] => [
  `service        ${hostName}`,
  `devices        ${estimate.devices}, registered at ${Math.round(quota.registrationsPerMinute * SHARE)} a minute at most`,
  `enrollments    made before and removed after the run: ${estimate.serviceOperations} service operations`,
  `billed         ${estimate.billedRegistrations} registrations`,
  `duration       about ${estimate.minutes < 1 ? 'a minute' : `${Math.ceil(estimate.minutes)} minutes`}`,
];
