import type { ClientGrade, GradeFinding } from '../../reports/run-result.ts';
import { median, type RetryFigures } from './retry-figures.ts';

/** Best first. */
export const grades = ['A', 'B', 'C', 'D', 'F'] as const;
export type Grade = (typeof grades)[number];

/** A habit: the best grade that a client with it can have, and the evidence, or undefined where it was not seen. */
interface Habit {
  readonly atBest: Grade;
  readonly seen: (figures: RetryFigures) => string | undefined;
}

/** So many devices may be late or early by accident. */
const TOLERATED_SHARE = 0.01;
const AT_ONCE_MS = 100;
const MOST_POLLS = 5;
/** Spread of waits, p90 over p10, below which a herd stays a herd; of fewer waits nothing is said. */
const LEAST_SPREAD = 1.05;
const ENOUGH_WAITS = 20;
const LEAST_GROWTH = 1.5;

/**
 * What clients are graded by, worst first. The service publishes the rules: follow Retry-After, else wait ever longer and
 * at random, and ask for a status at most 5 times in 10 s.
 *
 * @see https://learn.microsoft.com/azure/iot-dps/about-iot-dps#quotas-and-limits
 * @see https://learn.microsoft.com/azure/iot-dps/concepts-deploy-at-scale
 */
const habits: readonly Habit[] = [
  {
    atBest: 'F',
    seen: ({ waits: [first] }) =>
      first?.p50Ms != null && first.p50Ms < AT_ONCE_MS
        ? `asks again at once: ${seconds(first.p50Ms)} after a refusal (median of ${first.count})`
        : undefined,
  },
  {
    atBest: 'D',
    seen: ({ retryAfter: { onRefusals } }) => early('a refusal', onRefusals),
  },
  {
    atBest: 'D',
    seen: ({ pollsPerTenSeconds: polls }) =>
      polls > MOST_POLLS
        ? `asks for its status ${polls} times in 10 s, ${MOST_POLLS} are allowed`
        : undefined,
  },
  {
    atBest: 'D',
    seen: ({ gaveUp: { atFirst, statuses }, devices }) =>
      atFirst > 0
        ? `gives up at the first refusal (${statuses.join(', ')}): ${atFirst} of ${devices} devices`
        : undefined,
  },
  {
    atBest: 'C',
    seen: ({ gaveUp: { later, statuses }, devices }) =>
      later > 0
        ? `gives up after some tries (${statuses.join(', ')}): ${later} of ${devices} devices`
        : undefined,
  },
  {
    atBest: 'C',
    seen: ({ refusedThen, devices }) =>
      refusedThen.devices > 0
        ? `waits, and is refused for good then (${refusedThen.statuses.join(', ')}): ${refusedThen.devices} of ${devices} devices`
        : undefined,
  },
  {
    atBest: 'C',
    seen: ({ retryAfter: { onPolls } }) => early('a 202', onPolls),
  },
  {
    atBest: 'C',
    seen: ({ untold: { first, later } }) => {
      const before = median(first);
      const after = median(later);
      return before !== null && after !== null && after < before * LEAST_GROWTH
        ? `does not wait longer each time: ${seconds(before)} after the first refusal, ${seconds(after)} after the third`
        : undefined;
    },
  },
  {
    atBest: 'B',
    seen: ({ waits: [first] }) =>
      first !== undefined &&
      first.count >= ENOUGH_WAITS &&
      first.p10Ms != null &&
      first.p90Ms != null &&
      first.p90Ms < first.p10Ms * LEAST_SPREAD
        ? `comes back as one herd: 80 % of ${first.count} waits are between ${seconds(first.p10Ms)} and ${seconds(first.p90Ms)}`
        : undefined,
  },
];

/** What speaks for a client. */
const virtues: readonly ((figures: RetryFigures) => string | undefined)[] = [
  ({ retryAfter: { onRefusals } }) => obeyed('a refusal', onRefusals),
  ({ retryAfter: { onPolls } }) => obeyed('a 202', onPolls),
  ({ refusals, gaveUp, refusedThen }) =>
    refusals > 0 && gaveUp.atFirst + gaveUp.later + refusedThen.devices === 0
      ? `gets through ${refusals} refusals, no device gives up`
      : undefined,
];

/**
 * Grades a client by how it came again.
 *
 * @returns no grade for one that was never told to wait: there is nothing to grade
 */
export function gradeClient(client: string, { untold, ...figures }: RetryFigures): ClientGrade {
  const { onPolls } = figures.retryAfter;
  const seen = { untold, ...figures };
  const bad = habits.flatMap(({ atBest, seen: look }) => {
    const evidence = look(seen);
    return evidence === undefined ? [] : [{ atBest, evidence }];
  });
  const good = virtues.flatMap((look): GradeFinding[] => {
    const evidence = look(seen);
    return evidence === undefined ? [] : [{ atBest: null, evidence }];
  });
  const tested = figures.refusals > 0 || onPolls.told > 0 || bad.length > 0;
  const worst = bad.reduce((index, { atBest }) => Math.max(index, grades.indexOf(atBest)), 0);
  return { client, grade: tested ? (grades[worst] ?? 'F') : null, findings: [...bad, ...good], ...figures };
}

type Obedience = RetryFigures['retryAfter']['onPolls'];

function early(after: string, { told, early: times, toldMs, waitedMs }: Obedience): string | undefined {
  if (times <= told * TOLERATED_SHARE) return undefined;
  return `comes before the Retry-After of ${after} is over, ${times} of ${told} times: told ${seconds(toldMs)}, waited ${seconds(waitedMs)} (medians)`;
}

function obeyed(after: string, { told, early: times, toldMs, waitedMs }: Obedience): string | undefined {
  if (told === 0 || times > told * TOLERATED_SHARE) return undefined;
  return `keeps to the Retry-After of ${after}, ${told - times} of ${told} times: told ${seconds(toldMs)}, waited ${seconds(waitedMs)} (medians)`;
}

const seconds = (ms: number | null): string =>
  ms === null ? '-' : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 0)} s`;
