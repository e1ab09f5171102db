import { phases } from '../../simulators/schemas.ts';

/** What a threshold can be put on: durations (total, lateness, each phase), and the whole fleet's rates. */
export const metricNames = ['total', 'lateness', ...phases, 'errors', 'assigned'] as const;
export type MetricName = (typeof metricNames)[number];

const rateMetrics: readonly string[] = ['errors', 'assigned'];

export type Statistic =
  | { readonly kind: 'percentile'; readonly percentile: number }
  | { readonly kind: 'avg' | 'min' | 'med' | 'max' | 'count' | 'rate' | 'perSecond' };

export interface Threshold {
  readonly metric: MetricName;
  readonly statistic: Statistic;
  readonly operator: '<' | '<=' | '>' | '>=' | '==';
  /** Milliseconds for durations, a share (0 to 1) for `rate`, else a number. */
  readonly limit: number;
  /** As written. */
  readonly text: string;
}

const pattern =
  /^\s*(p\((\d+(?:\.\d+)?)\)|avg|min|med|max|count|rate|perSecond)\s*(<=|>=|==|<|>)\s*(\d+(?:\.\d+)?)\s*(ms|s|%)?\s*$/;

/**
 * Reads a condition in the manner of k6: `p(95) < 2000`, `p(99) < 2 s`, `rate < 1 %`, `perSecond > 50`.
 *
 * @throws Error saying what was expected
 */
export function parseThreshold(metric: string, text: string): Threshold {
  const name = metricNames.find((known) => known === metric);
  if (name === undefined) throw new Error(`expected one of ${metricNames.join(', ')}`);
  const match = pattern.exec(text);
  if (match === null) {
    throw new Error(
      `"${text}" is no threshold: expected for example "p(95) < 2000" (ms), "avg < 2 s", "rate < 1 %" or "perSecond > 50"`,
    );
  }
  const [, word = '', percentile, operator, number, unit] = match;
  const statistic: Statistic =
    percentile === undefined
      ? { kind: word as Exclude<Statistic['kind'], 'percentile'> }
      : { kind: 'percentile', percentile: Number(percentile) };
  checkFit(name, statistic, text);
  checkUnit(statistic, unit, text);
  const factor = unit === 's' ? 1000 : unit === '%' ? 0.01 : 1;
  return {
    metric: name,
    statistic,
    operator: operator as Threshold['operator'],
    limit: Number(number) * factor,
    text,
  };
}

function checkFit(metric: MetricName, statistic: Statistic, text: string): void {
  const onRate = rateMetrics.includes(metric);
  const fleetWide = ['rate', 'perSecond', 'count'].includes(statistic.kind);
  if (onRate && !fleetWide) throw new Error(`"${text}" on ${metric}: expected rate, count or perSecond`);
  if (!onRate && ['rate', 'perSecond'].includes(statistic.kind)) {
    throw new Error(`"${text}" on ${metric}: expected p(N), avg, min, med, max or count`);
  }
  if (statistic.kind === 'percentile' && statistic.percentile > 100)
    throw new Error(`"${text}": expected a percentile up to 100`);
}

function checkUnit({ kind }: Statistic, unit: string | undefined, text: string): void {
  if (unit === '%' && kind !== 'rate') throw new Error(`"${text}": % is the unit of rate`);
  if ((unit === 's' || unit === 'ms') && ['rate', 'count', 'perSecond'].includes(kind))
    throw new Error(`"${text}": ${unit} is a unit of durations`);
}
