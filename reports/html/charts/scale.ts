/** A logarithmic scale that shows durations of very different size side by side. */
export interface LogScale {
  readonly min: number;
  readonly max: number;
  /** A duration as ECharts should draw it: what is at or below `min` (also 0) sits on the edge. */
  readonly clamp: (ms: number) => number;
  /** 1, 2 and 5 times a power of ten, as many as stay readable. */
  readonly ticks: readonly number[];
}

const SMALLEST_MS = 0.01;

/** A scale around all the given durations, in milliseconds; 1 to 10 ms when there are none. */
export function createLogScale(values: readonly number[]): LogScale {
  const positive = values.filter((value) => value >= SMALLEST_MS);
  const low = positive.length === 0 ? 1 : Math.min(...positive);
  const high = positive.length === 0 ? 10 : Math.max(...positive);
  const fine = Math.log10(high / low) < 2.4;
  const candidates = fine ? roundDurations : roundDurations.filter(isDecade);
  const min = candidates.findLast((tick) => tick <= low) ?? low;
  const max = candidates.find((tick) => tick >= high && tick > min) ?? high;
  return {
    min,
    max,
    clamp: (ms) => Math.max(min, ms),
    ticks: candidates.filter((tick) => tick >= min && tick <= max),
  };
}

/** `5 ms`, `100 ms`, `2 s`, `50 min`: round figures without digits that say nothing. */
export function formatTick(ms: number): string {
  if (ms === 0) return '0';
  if (ms % HOUR === 0 || ms >= 10 * HOUR) return `${(ms / HOUR).toLocaleString('en-US', oneDecimal)} h`;
  if (ms % MINUTE === 0 || ms >= 10 * MINUTE)
    return `${(ms / MINUTE).toLocaleString('en-US', oneDecimal)} min`;
  if (ms >= SECOND) return `${Number((ms / SECOND).toPrecision(3))} s`;
  return `${Number(ms.toPrecision(3))} ms`;
}

const oneDecimal = { maximumFractionDigits: 1 } as const;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const oneTwoFive = (...units: readonly number[]): readonly number[] =>
  units.flatMap((unit) => [unit, 2 * unit, 5 * unit]);

/** Durations that read well, in milliseconds, rising from 10 µs to years. */
const roundDurations: readonly number[] = [
  ...oneTwoFive(0.01, 0.1, 1, 10, 100, SECOND),
  ...[10 * SECOND, 30 * SECOND],
  ...oneTwoFive(MINUTE),
  ...[10 * MINUTE, 30 * MINUTE],
  ...oneTwoFive(HOUR, 10 * HOUR, 100 * HOUR, 1_000 * HOUR, 10_000 * HOUR),
];

function isDecade(ms: number): boolean {
  const unit = ms < MINUTE ? 1 : ms < HOUR ? MINUTE : HOUR;
  return Number.isInteger(Number(Math.log10(ms / unit).toFixed(9)));
}

/** The first round duration that is a whole multiple of `unitMs` and no shorter than `atLeastMs`. */
export function roundUp(atLeastMs: number, unitMs: number): number {
  const fits = (ms: number): boolean => ms >= atLeastMs && Number.isInteger(ms / unitMs);
  return roundDurations.find(fits) ?? Math.ceil(atLeastMs / unitMs) * unitMs;
}
