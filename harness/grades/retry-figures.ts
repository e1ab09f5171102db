import type { ClientGrade } from '../../reports/run-result.ts';
import { type Conversation, type Exchange, isPutOff, isRefused } from './conversations.ts';

/** How the devices of one client came again, in figures; grades are given from these alone. */
export interface RetryFigures extends Omit<ClientGrade, 'client' | 'grade' | 'findings'> {
  /** Waits after a first refusal that brought no Retry-After, and after the third: whether they grow. */
  readonly untold: { readonly first: readonly number[]; readonly later: readonly number[] };
}

/** What Retry-After allows for: the service's clock has milliseconds, timers fire a little early. */
const SLACK_MS = 25;
const POLL_WINDOW_MS = 10_000;

/**
 * @param conversations of the devices of one client
 * @param options.timeScale the share to which this client's waits are shortened: figures are in its own time
 */
export function retryFigures(
  conversations: readonly Conversation[],
  { timeScale }: { readonly timeScale: number },
): RetryFigures {
  const pairs = conversations.flatMap((one) => pairsOf(one, timeScale));
  const afterRefusal = pairs.filter(({ before }) => isPutOff(before));
  const exchanges = conversations.flat();
  const putOff = exchanges.filter(isPutOff).length;
  return {
    devices: conversations.length,
    requests: exchanges.length,
    refusals: putOff,
    amplification: exchanges.length === putOff ? null : exchanges.length / (exchanges.length - putOff),
    gaveUp: gaveUpOf(conversations),
    refusedThen: refusedThen(conversations),
    retryAfter: {
      onRefusals: obedience(afterRefusal),
      onPolls: obedience(
        pairs.filter(({ before, after }) => before.status === 202 && after.operation === 'poll'),
      ),
    },
    waits: waitsByRefusal(afterRefusal),
    pollsPerTenSeconds: Math.max(0, ...conversations.map((one) => mostPolls(one, timeScale))),
    recoveryMs: recoveryMs(conversations),
    untold: {
      first: waitsOf(
        afterRefusal.filter(({ before, nth }) => before.retryAfterMs === undefined && nth === 1),
      ),
      later: waitsOf(afterRefusal.filter(({ before, nth }) => before.retryAfterMs === undefined && nth >= 3)),
    },
  };
}

/** An answer and the request that came next. */
interface Pair {
  readonly before: Exchange;
  readonly after: Exchange;
  /** From the answer to that request, in the device's own time. */
  readonly waitMs: number;
  /** How many refusals in a row `before` ends; 0 when it is none. */
  readonly nth: number;
}

function pairsOf(conversation: Conversation, timeScale: number): readonly Pair[] {
  let nth = 0;
  return conversation.slice(1).map((after, index): Pair => {
    const before = conversation[index] ?? after;
    nth = isPutOff(before) ? nth + 1 : 0;
    return { before, after, nth, waitMs: Math.max(0, after.arrivedMs - before.answeredMs) / timeScale };
  });
}

function obedience(pairs: readonly Pair[]): RetryFigures['retryAfter']['onPolls'] {
  const told = pairs.filter(({ before }) => before.retryAfterMs !== undefined && before.retryAfterMs > 0);
  const early = told.filter(({ before, waitMs }) => waitMs < (before.retryAfterMs ?? 0) - SLACK_MS);
  return {
    told: told.length,
    early: early.length,
    toldMs: median(told.map(({ before }) => before.retryAfterMs ?? 0)),
    waitedMs: median(waitsOf(told)),
  };
}

const LONGEST_CURVE = 8;

function waitsByRefusal(pairs: readonly Pair[]): RetryFigures['waits'] {
  const most = Math.min(LONGEST_CURVE, Math.max(0, ...pairs.map(({ nth }) => nth)));
  return Array.from({ length: most }, (_, index) => {
    const waits = waitsOf(pairs.filter(({ nth }) => nth === index + 1));
    return {
      refusal: index + 1,
      count: waits.length,
      p10Ms: quantile(waits, 0.1),
      p50Ms: median(waits),
      p90Ms: quantile(waits, 0.9),
    };
  });
}

function mostPolls(conversation: Conversation, timeScale: number): number {
  const polls = conversation.filter(({ operation }) => operation === 'poll');
  const window = POLL_WINDOW_MS * timeScale;
  let first = 0;
  return polls.reduce((most, { arrivedMs }, last) => {
    while (arrivedMs - (polls[first]?.arrivedMs ?? arrivedMs) >= window) first += 1;
    return Math.max(most, last - first + 1);
  }, 0);
}

/** From the last refusal of anybody to the last answer: until then somebody still paid for the storm. */
function recoveryMs(conversations: readonly Conversation[]): number | null {
  const storms = conversations.flatMap((one) => one.filter(isPutOff).map(({ answeredMs }) => answeredMs));
  if (storms.length === 0) return null;
  const last = conversations.reduce((latest, one) => Math.max(latest, one.at(-1)?.answeredMs ?? 0), 0);
  return last - storms.reduce((latest, atMs) => Math.max(latest, atMs), 0);
}

function gaveUpOf(conversations: readonly Conversation[]): RetryFigures['gaveUp'] {
  const last = conversations.flatMap((one) => {
    const exchange = one.at(-1);
    return exchange !== undefined && isPutOff(exchange) ? [{ exchange, before: one.at(-2) }] : [];
  });
  const later = last.filter(({ before }) => before !== undefined && isPutOff(before)).length;
  return {
    ...{ atFirst: last.length - later, later },
    statuses: distinct(last.map(({ exchange }) => exchange.status)),
  };
}

function refusedThen(conversations: readonly Conversation[]): RetryFigures['refusedThen'] {
  const statuses = conversations.flatMap((one) => {
    const last = one.at(-1);
    return last !== undefined && isRefused(last) && one.some(isPutOff) ? [last.status] : [];
  });
  return { devices: statuses.length, statuses: distinct(statuses) };
}

const distinct = (statuses: readonly number[]): number[] => [...new Set(statuses)].toSorted((a, b) => a - b);

const waitsOf = (pairs: readonly Pair[]): readonly number[] => pairs.map(({ waitMs }) => waitMs);

export const median = (values: readonly number[]): number | null => quantile(values, 0.5);

function quantile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? null;
}
