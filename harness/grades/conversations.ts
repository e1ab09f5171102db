import type { LoggedRequest } from '../../simulators/index.ts';

/** A request of a device and its answer, as the service saw them; times in milliseconds since the epoch. */
export interface Exchange {
  readonly operation: 'register' | 'poll';
  readonly arrivedMs: number;
  readonly answeredMs: number;
  readonly status: number;
  /** Told with the answer; absent where nothing was. */
  readonly retryAfterMs: number | undefined;
}

/** All that one device asked DPS for, in the order in which it asked. */
export type Conversation = readonly Exchange[];

/** Told to come again later: the request itself was right. */
export const isPutOff = ({ status }: Pick<Exchange, 'status'>): boolean => status === 429 || status >= 500;

/** Refused for good. Not a TPM's challenge, a 401 as well: a device goes on after it. */
export const isRefused = ({ status }: Pick<Exchange, 'status'>): boolean =>
  status >= 400 && !isPutOff({ status });

/** Sorts a request log by device; ids are lower-case, as DPS does not tell them apart by case. */
export function conversationsOf(requests: readonly LoggedRequest[]): ReadonlyMap<string, Conversation> {
  const conversations = new Map<string, Exchange[]>();
  for (const request of requests) {
    const { registrationId, operation, status, retryAfterSeconds } = request;
    if (registrationId === undefined || operation === undefined) continue;
    const answeredMs = Date.parse(request.at);
    const exchange: Exchange = {
      ...{ operation, status, answeredMs },
      arrivedMs: answeredMs - request.durationMs,
      retryAfterMs: retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1000,
    };
    const id = registrationId.toLowerCase();
    const known = conversations.get(id);
    if (known === undefined) conversations.set(id, [exchange]);
    else known.push(exchange);
  }
  for (const one of conversations.values()) one.sort((a, b) => a.arrivedMs - b.arrivedMs);
  return conversations;
}
