import type { RunResult, TimeSlice } from '../../reports/run-result.ts';

type TimeSeries = RunResult['timeSeries'];

const outcomeKinds = ['assigned', 'ended', 'error', 'aborted'] as const;

/** Slices of the same time after each one's beginning, added up; as wide as the widest ones need. */
export function mergeTimeSeries(all: readonly TimeSeries[]): TimeSeries {
  const intervalMs = all.map((one) => one.intervalMs).reduce(leastCommonMultiple, 1);
  const last = Math.max(0, ...all.flatMap(({ slices }) => slices.map(({ atMs }) => atMs)));
  const slices = Array.from({ length: Math.floor(last / intervalMs) + 1 }, (_, index) =>
    empty(index * intervalMs),
  );
  for (const slice of all.flatMap((one) => one.slices)) {
    const target = slices[Math.floor(slice.atMs / intervalMs)];
    if (target === undefined) continue;
    target.started += slice.started;
    for (const kind of outcomeKinds) target.outcomes[kind] += slice.outcomes[kind];
  }
  let inFlight = 0;
  for (const slice of slices) {
    const { assigned, ended, error, aborted } = slice.outcomes;
    inFlight += slice.started - assigned - ended - error - aborted;
    slice.inFlight = inFlight;
  }
  return { intervalMs, slices: all.some((one) => one.slices.length > 0) ? slices : [] };
}

const empty = (atMs: number): TimeSlice => ({
  atMs,
  started: 0,
  outcomes: { assigned: 0, ended: 0, error: 0, aborted: 0 },
  inFlight: 0,
});

const leastCommonMultiple = (a: number, b: number): number => (a * b) / greatestCommonDivisor(a, b);

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
