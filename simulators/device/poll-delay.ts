import type { Random } from '../kernel/random.ts';

/** When the service names no delay; what the official Node and C# SDKs use. */
export const DEFAULT_POLL_DELAY_MS = 2_000;

/** A longer Retry-After is cut to this: the operation's end would be seen long after it. */
export const MAX_POLL_DELAY_MS = 60_000;

/**
 * How long to wait before a status query.
 *
 * @param retryAfterSeconds as the service gave it with the answer before
 * @param jitter adds up to this share, so that a fleet that started together does not poll together; 0 for none
 */
export function pollDelayMs(
  retryAfterSeconds: number | undefined,
  jitter: number,
  random: () => Random,
): number {
  const asked = retryAfterSeconds === undefined ? DEFAULT_POLL_DELAY_MS : retryAfterSeconds * 1000;
  const delay = Math.min(asked, MAX_POLL_DELAY_MS);
  return jitter === 0 ? delay : delay * (1 + random().next() * jitter);
}
