import type { OutcomeCounts } from '../../run-result.ts';
import { axisText, outcomeTexts, palette, rulers } from './palette.ts';
import type { Chart, ChartSize } from './render-chart.ts';
import { formatTick, roundUp } from './scale.ts';
import type { Interval } from './timeline.ts';

/** Above: what ended per second, stacked by outcome. Below, on the same time axis: how many devices were at work. */
export function timelineChart(
  intervals: readonly Interval[],
  kinds: readonly (keyof OutcomeCounts)[],
  size: ChartSize,
): Chart {
  const side = { left: size.compact ? 44 : 56, right: 12 };
  const labels = intervals.map(({ fromMs }) => formatTick(fromMs));
  const lengthMs = intervals[0]?.lengthMs ?? 1;
  const every = Math.round(
    roundUp((intervals.length / (size.compact ? 5 : 10)) * lengthMs, lengthMs) / lengthMs,
  );
  const timeAxis = (gridIndex: number, show: boolean) => ({
    type: 'category',
    gridIndex,
    data: labels,
    axisLine: { show: true, lineStyle: { color: palette.axis } },
    axisTick: { show: false },
    axisLabel: { ...axisText, show, interval: (index: number) => index % every === 0 },
  });
  const valueAxis = (gridIndex: number, splitNumber: number, minInterval: number) => ({
    type: 'value',
    gridIndex,
    splitNumber,
    minInterval,
    axisLabel: { ...axisText, formatter: compactNumber },
    splitLine: { ...rulers, show: true },
  });
  const quiet = { silent: true, emphasis: { disabled: true } };
  return {
    height: 330,
    option: {
      grid: [
        { ...side, top: 12, height: 180 },
        { ...side, top: 226, height: 68 },
      ],
      xAxis: [timeAxis(0, false), timeAxis(1, true)],
      yAxis: [valueAxis(0, 4, 0), valueAxis(1, 2, 1)],
      series: [
        ...kinds.map((kind) => ({
          ...quiet,
          type: 'bar',
          stack: 'outcomes',
          barCategoryGap: intervals.length > 60 ? '8%' : '18%',
          barMaxWidth: 48,
          data: intervals.map((interval) => interval.outcomes[kind] / (interval.lengthMs / 1000)),
          itemStyle: { color: outcomeTexts[kind].color },
        })),
        {
          ...quiet,
          type: 'line',
          xAxisIndex: 1,
          yAxisIndex: 1,
          step: 'middle',
          showSymbol: intervals.length === 1,
          symbol: 'circle',
          data: intervals.map(({ inFlight }) => inFlight),
          itemStyle: { color: palette.accent },
          lineStyle: { color: palette.accent, width: 2 },
          areaStyle: { color: palette.accent, opacity: 0.14 },
        },
      ],
    },
  };
}

function compactNumber(value: number): string {
  return value.toLocaleString('en-US', { notation: 'compact', maximumSignificantDigits: 3 });
}
