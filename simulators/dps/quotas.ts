import type { Clock } from '../kernel/clock.ts';
import { type Refusal, refusals } from './refusal.ts';
import { idKey } from './registration-id.ts';

/** How often the instance may be asked for what; what is absent is not limited. Whole numbers, 0 refuses all. */
export interface QuotaLimits {
  /** Register requests of all devices. */
  readonly registrationsPerMinute?: number;
  /** Status queries of one device. */
  readonly pollsPerTenSeconds?: number;
  /** Requests to the service API. */
  readonly serviceOperationsPerMinute?: number;
}

/** Limits by name: what the service publishes, and so little that every client meets a refusal soon. */
export const quotaProfiles = {
  off: {},
  published: { registrationsPerMinute: 1000, pollsPerTenSeconds: 5, serviceOperationsPerMinute: 1000 },
  strict: { registrationsPerMinute: 10, pollsPerTenSeconds: 2, serviceOperationsPerMinute: 10 },
} as const satisfies Readonly<Record<string, QuotaLimits>>;

/** Counts requests; each function counts one, or says why it is one too many. */
export interface Quotas {
  refuseRegistration(): Refusal | undefined;
  refusePoll(registrationId: string): Refusal | undefined;
  refuseServiceOperation(): Refusal | undefined;
}

/** The kinds of request are counted apart from one another. */
export function createQuotas(limits: QuotaLimits, clock: Clock): Quotas {
  const registrations = createWindow(limits.registrationsPerMinute, 60, clock);
  const polls = createWindow(limits.pollsPerTenSeconds, 10, clock);
  const serviceOperations = createWindow(limits.serviceOperationsPerMinute, 60, clock);
  return {
    refuseRegistration: () => registrations?.('registrations'),
    refusePoll: (registrationId) => polls?.(`status queries of ${idKey(registrationId)}`),
    refuseServiceOperation: () => serviceOperations?.('service operations'),
  };
}

/** A window begins with the first request after the last one ended; what is refused does not count. */
function createWindow(limit: number | undefined, seconds: number, clock: Clock) {
  if (limit === undefined) return undefined;
  const counts = new Map<string, number>();
  let endsAtMs = Number.NEGATIVE_INFINITY;
  return (what: string): Refusal | undefined => {
    const nowMs = clock.monotonicMs();
    if (nowMs >= endsAtMs) {
      counts.clear();
      endsAtMs = nowMs + seconds * 1000;
    }
    const count = counts.get(what) ?? 0;
    if (count >= limit) {
      const retryAfterSeconds = Math.ceil((endsAtMs - nowMs) / 1000);
      return { ...refusals.throttled(`more than ${limit} ${what} in ${seconds} s`), retryAfterSeconds };
    }
    counts.set(what, count + 1);
    return undefined;
  };
}
