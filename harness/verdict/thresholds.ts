import type { Check } from '../../reports/run-result.ts';
import type { Phase } from '../../simulators/index.ts';
import type { Recorder } from '../metrics/recorder.ts';
import type { ThresholdEntry } from '../scenario/scenario-schema.ts';
import { type MetricName, parseThreshold, type Threshold } from './threshold-syntax.ts';

type Thresholds = Readonly<Partial<Record<MetricName, ThresholdEntry | ThresholdEntry[]>>>;

/** What thresholds look at: a recorder is it, and so is what was put together of several. */
export type Measured = Pick<Recorder, 'timed' | 'lastEndMs' | 'total' | 'lateness'> & {
  phase(phase: Phase): Pick<Recorder['total'], 'statistic'>;
};

/** One check for each condition of the scenario. A metric without a value fails: nothing was measured. */
export function checkThresholds(thresholds: Thresholds, recorder: Recorder): readonly Check[] {
  return entriesOf(thresholds).map(({ metric, threshold }) =>
    checkThreshold(parseThreshold(metric, threshold), recorder),
  );
}

/**
 * The first of the thresholds with `abortOnFail` that does not hold for the devices so far; one on which nothing was
 * measured yet holds.
 *
 * @returns its text, or undefined when the run may go on
 */
export function brokenThreshold(
  thresholds: Thresholds,
  recorder: Recorder,
  elapsedMs: number,
): string | undefined {
  return entriesOf(thresholds)
    .filter(({ abortOnFail }) => abortOnFail)
    .filter(({ delayAbortEvalSeconds }) => elapsedMs >= delayAbortEvalSeconds * 1000)
    .map(({ metric, threshold }) => parseThreshold(metric, threshold))
    .filter((threshold) => {
      const seen = seenValue(threshold, recorder);
      return seen !== undefined && !holds(seen, threshold);
    })
    .map(({ metric, text }) => `${metric}: ${text}`)[0];
}

const entriesOf = (thresholds: Thresholds) =>
  Object.entries(thresholds).flatMap(([metric, conditions]) =>
    [conditions].flat().map((entry) => ({
      metric,
      ...(typeof entry === 'string'
        ? { threshold: entry, abortOnFail: false, delayAbortEvalSeconds: 0 }
        : entry),
    })),
  );

/** Of one condition. */
export function checkThreshold(threshold: Threshold, recorder: Measured): Check {
  const seen = seenValue(threshold, recorder);
  return {
    kind: 'threshold',
    name: `${threshold.metric}: ${threshold.text}`,
    passed: seen !== undefined && holds(seen, threshold),
    actual: seen === undefined ? 'nothing was measured' : format(seen, threshold),
    detail: null,
  };
}

function seenValue({ metric, statistic }: Threshold, recorder: Measured): number | undefined {
  const { assigned, ended, error } = recorder.timed;
  const counted = metric === 'assigned' ? assigned : ended + error;
  switch (metric) {
    case 'errors':
    case 'assigned':
      if (statistic.kind === 'count') return counted;
      if (statistic.kind === 'rate')
        return assigned + ended + error === 0 ? undefined : counted / (assigned + ended + error);
      return recorder.lastEndMs === 0 ? undefined : (counted * 1000) / recorder.lastEndMs;
    case 'total':
      return recorder.total.statistic(statistic);
    case 'lateness':
      return recorder.lateness.statistic(statistic);
    default:
      return recorder.phase(metric satisfies Phase).statistic(statistic);
  }
}

function holds(seen: number, { operator, limit }: Threshold): boolean {
  switch (operator) {
    case '<':
      return seen < limit;
    case '<=':
      return seen <= limit;
    case '>':
      return seen > limit;
    case '>=':
      return seen >= limit;
    case '==':
      return seen === limit;
  }
}

function format(seen: number, { statistic }: Threshold): string {
  switch (statistic.kind) {
    case 'count':
      return String(seen);
    case 'rate':
      return `${(seen * 100).toFixed(2)} %`;
    case 'perSecond':
      return `${seen.toFixed(1)}/s`;
    default:
      return `${seen.toFixed(seen < 10 ? 2 : 0)} ms`;
  }
}
