import type { Clock } from '../kernel/clock.ts';
import { type Refusal, refusals } from './refusal.ts';
import { idKey } from './registration-id.ts';
import { type DpsRules, defaultRules } from './rules.ts';

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

export type QuotaProfileName = keyof typeof quotaProfiles;

/** Counts requests; each function counts one, or says why it is one too many. */
export interface Quotas {
  refuseRegistration(): Refusal | undefined;
  refusePoll(registrationId: string): Refusal | undefined;
  refuseServiceOperation(): Refusal | undefined;
}

/** The kinds of request are counted apart from one another. */
export function createQuotas(limits: QuotaLimits, clock: Clock, rules: DpsRules = defaultRules): Quotas {
  const sendsRetryAfter = rules['throttled-retry-after'] === 'sent';
  const windowOf = (limit: number | undefined, seconds: number) =>
    createWindow(limit, seconds, { clock, sendsRetryAfter });
  const registrations = windowOf(limits.registrationsPerMinute, 60);
  const polls = windowOf(limits.pollsPerTenSeconds, 10);
  const serviceOperations = windowOf(limits.serviceOperationsPerMinute, 60);
  return {
    refuseRegistration: () => registrations?.('registrations'),
    refusePoll: (registrationId) => polls?.(`status queries of ${idKey(registrationId)}`),
    refuseServiceOperation: () => serviceOperations?.('service operations'),
  };
}

/** A window begins with the first request after the last one ended; what is refused does not count. */
function createWindow(
  limit: number | undefined,
  seconds: number,
  { clock, sendsRetryAfter }: { readonly clock: Clock; readonly sendsRetryAfter: boolean },
) {
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
      const refusal = refusals.throttled(`more than ${limit} ${what} in ${seconds} s`);
      const retryAfterSeconds = Math.ceil((endsAtMs - nowMs) / 1000);
      return sendsRetryAfter ? { ...refusal, retryAfterSeconds } : refusal;
    }
    counts.set(what, count + 1);
    return undefined;
  };
}
