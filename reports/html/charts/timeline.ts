import type { OutcomeCounts, RunResult } from '../../run-result.ts';
import { roundUp } from './scale.ts';

/** A stretch of the run, as wide as charts and tables can show. */
export interface Interval {
  readonly fromMs: number;
  readonly lengthMs: number;
  readonly started: number;
  readonly outcomes: OutcomeCounts;
  /** The highest count of the slices in it. */
  readonly inFlight: number;
}

/** Merges neighbouring slices into round stretches of time, at most `limit` of them; no device is lost or counted twice. */
export function resample(
  { intervalMs, slices }: RunResult['timeSeries'],
  limit: number,
): readonly Interval[] {
  const perInterval =
    slices.length <= limit
      ? 1
      : Math.round(roundUp((slices.length / limit) * intervalMs, intervalMs) / intervalMs);
  const groups = Array.from({ length: Math.ceil(slices.length / perInterval) }, (_, index) =>
    slices.slice(index * perInterval, (index + 1) * perInterval),
  );
  return groups.map((group, index) => ({
    fromMs: group[0]?.atMs ?? index * perInterval * intervalMs,
    lengthMs: group.length * intervalMs,
    started: sum(group.map(({ started }) => started)),
    outcomes: {
      assigned: sum(group.map(({ outcomes }) => outcomes.assigned)),
      ended: sum(group.map(({ outcomes }) => outcomes.ended)),
      error: sum(group.map(({ outcomes }) => outcomes.error)),
      aborted: sum(group.map(({ outcomes }) => outcomes.aborted)),
    },
    inFlight: Math.max(0, ...group.map(({ inFlight }) => inFlight)),
  }));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
