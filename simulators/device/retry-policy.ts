import { DpsServiceError, TransportError } from '../kernel/errors.ts';
import type { Random } from '../kernel/random.ts';

/** What may be tried again: a later attempt can end otherwise, and registering twice does no harm. */
export type RetryCause = 'throttled' | 'service-unavailable' | 'connection';

interface RetryRule {
  /** In one registration, for this cause. */
  readonly retries: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
}

export type RetryPolicy = Readonly<Record<RetryCause, RetryRule>>;

const never: RetryRule = { retries: 0, firstDelayMs: 0, maxDelayMs: 0 };

/** Policies by name. The service's Retry-After wins over a delay of the table, up to {@link MAX_RETRY_AFTER_MS}. */
export const retryPolicies = {
  standard: {
    throttled: { retries: 5, firstDelayMs: 1_000, maxDelayMs: 60_000 },
    'service-unavailable': { retries: 3, firstDelayMs: 500, maxDelayMs: 10_000 },
    connection: { retries: 3, firstDelayMs: 100, maxDelayMs: 5_000 },
  },
  none: { throttled: never, 'service-unavailable': never, connection: never },
} as const satisfies Record<string, RetryPolicy>;

export type RetryPolicyName = keyof typeof retryPolicies;

/** A service that asks for more than this is taken for one that refuses. */
export const MAX_RETRY_AFTER_MS = 300_000;

const connectionCodes: ReadonlySet<string> = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
  'PROXY_CLOSED',
  'PROXY_UNREACHABLE',
  'RESPONSE_TRUNCATED',
]);

/** @returns `undefined` for what would fail again the same way: refusals, wrong certificates, malformed answers */
export function retryCause(thrown: unknown): RetryCause | undefined {
  if (thrown instanceof DpsServiceError) {
    if (thrown.status === 429) return 'throttled';
    return thrown.status >= 500 ? 'service-unavailable' : undefined;
  }
  if (thrown instanceof TransportError && connectionCodes.has(thrown.code)) return 'connection';
  return undefined;
}

/**
 * How long to wait before the next attempt: what the service asked for, else doubling from the rule's first delay,
 * of which between half and all is taken.
 *
 * @param retried how often this cause was retried before
 * @returns `undefined` when the policy gives up
 */
export function retryDelayMs(
  policy: RetryPolicy,
  failure: { readonly cause: RetryCause; readonly error: unknown },
  retried: number,
  random: Random,
): number | undefined {
  const rule = policy[failure.cause];
  if (retried >= rule.retries) return undefined;
  const asked = failure.error instanceof DpsServiceError ? failure.error.retryAfterSeconds : undefined;
  if (asked !== undefined) return asked * 1000 <= MAX_RETRY_AFTER_MS ? asked * 1000 : undefined;
  const full = Math.min(rule.maxDelayMs, rule.firstDelayMs * 2 ** retried);
  return full * (0.5 + random.next() / 2);
}
