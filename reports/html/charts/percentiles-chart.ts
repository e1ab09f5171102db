import type { NamedDistribution } from '../../phases.ts';
import type { Distribution } from '../../run-result.ts';
import { axisText, lineColors, palette, rulers } from './palette.ts';
import type { Chart, ChartSize } from './render-chart.ts';
import { createLogScale, formatTick } from './scale.ts';

/** A point of a percentile curve. */
interface CurvePoint {
  /** 0 to 100. */
  readonly percentile: number;
  readonly ms: number;
}

/**
 * How long registrations took, by percentile. The horizontal axis stretches towards the slow end (every step of equal
 * width leaves a tenth of the devices), as it is usual for HdrHistogram plots; the first curve is drawn strongest.
 */
export function percentilesChart(curves: readonly NamedDistribution[], size: ChartSize): Chart {
  const points = curves.map(({ distribution }) => curveOf(distribution));
  const furthest = Math.max(1, ...points.flat().map(({ percentile }) => nines(percentile)));
  const ticks = [0, 50, 90, 99, 99.9, 99.99, 99.999, 99.9999, 99.99999].filter(
    (tick) => nines(tick) <= furthest,
  );
  return {
    height: size.compact ? 240 : 300,
    option: {
      grid: { left: size.compact ? 56 : 68, right: size.compact ? 20 : 28, top: 12, bottom: 34 },
      xAxis: {
        type: 'value',
        min: 0,
        max: furthest,
        axisLine: { show: true, lineStyle: { color: palette.axis } },
        axisTick: { show: true, customValues: ticks.map(nines), lineStyle: { color: palette.axis } },
        axisLabel: {
          ...axisText,
          customValues: ticks.map(nines),
          margin: 12,
          formatter: percentileLabel,
          hideOverlap: true,
        },
        splitLine: { show: false },
      },
      yAxis: durationAxis(curves),
      series: points.map((curve, index) => ({
        type: 'line',
        silent: true,
        emphasis: { disabled: true },
        data: curve.map(({ percentile, ms }) => [nines(percentile), ms]),
        showSymbol: curve.length <= 8,
        symbol: 'circle',
        symbolSize: 6,
        itemStyle: { color: colorOfCurve(index), borderColor: palette.surface, borderWidth: 1 },
        lineStyle: { color: colorOfCurve(index), width: index === 0 ? 3 : 1.75 },
        z: index === 0 ? 5 : 3,
      })),
    },
  };
}

/** From 0 on, as lengths are compared best; logarithmic only when the slowest would flatten everything else. */
function durationAxis(curves: readonly NamedDistribution[]) {
  const medians = curves.map(({ distribution }) => distribution.p50Ms ?? 0);
  const slowest = Math.max(...curves.map(({ distribution }) => distribution.maxMs ?? 0));
  const common = { axisLine: { show: false }, splitLine: { ...rulers, show: true } };
  const typical = Math.max(SMALLEST_TYPICAL_MS, Math.min(...medians));
  if (slowest <= MOST_TIMES_TYPICAL * typical) {
    const label = { ...axisText, formatter: formatTick };
    return { ...common, type: 'value', min: 0, splitNumber: 5, axisTick: { show: false }, axisLabel: label };
  }
  const { min, max, ticks } = createLogScale([typical / 5, slowest]);
  const label = { ...axisText, customValues: ticks, formatter: formatTick };
  return {
    ...common,
    type: 'log',
    min,
    max,
    axisTick: { show: false, customValues: ticks },
    axisLabel: label,
  };
}

const SMALLEST_TYPICAL_MS = 0.05;
const MOST_TIMES_TYPICAL = 25;

/** The colour of a curve, for the legend beside the chart. */
export function colorOfCurve(index: number): string {
  return index === 0 ? palette.strongText : (lineColors[(index - 1) % lineColors.length] ?? palette.accent);
}

function curveOf(distribution: Distribution): readonly CurvePoint[] {
  const { count, minMs, p50Ms, p90Ms, p95Ms, p99Ms, maxMs, percentiles } = distribution;
  // The slowest of n values is no more than the (1 - 1/2n) quantile: 100 % itself lies at infinity on this axis.
  const last = 100 * (1 - 1 / (2 * Math.max(1, count)));
  const known: readonly (readonly [number, number | null])[] = [
    [0, minMs],
    [50, p50Ms],
    [90, p90Ms],
    [95, p95Ms],
    [99, p99Ms],
  ];
  const inner = percentiles?.map(({ percentile, ms }) => [percentile, ms] as const) ?? known;
  return [...inner.filter(([percentile]) => percentile < last), [last, maxMs] as const].flatMap(
    ([percentile, ms]) => (ms === null ? [] : [{ percentile, ms }]),
  );
}

function nines(percentile: number): number {
  return -Math.log10(1 - percentile / 100);
}

function percentileLabel(position: number): string {
  const percentile = 100 * (1 - 10 ** -position);
  if (position < 0.01) return 'fastest';
  return `p${Number(percentile.toPrecision(9))}`;
}
