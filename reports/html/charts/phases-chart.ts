import type { CustomSeriesOption } from 'echarts/charts';
import { formatMs } from '../../figures.ts';
import type { NamedDistribution } from '../../phases.ts';
import { oneLine, shorten } from '../../text.ts';
import { axisText, palette, rulers } from './palette.ts';
import type { Chart, ChartSize } from './render-chart.ts';
import { createLogScale, formatTick } from './scale.ts';

const ROW_HEIGHT = 34;
const AXIS_HEIGHT = 34;

/**
 * One row for each phase, on a logarithmic axis: a thin line from the fastest to the slowest, a dark box from the
 * median to p90, a light one from p90 to p99, and a tick at the median.
 */
export function phasesChart(phases: readonly NamedDistribution[], size: ChartSize): Chart {
  const rows = phases.map(({ distribution: d }) => [
    d.minMs ?? 0,
    d.p50Ms ?? 0,
    d.p90Ms ?? 0,
    d.p99Ms ?? 0,
    d.maxMs ?? 0,
  ]);
  const scale = createLogScale(rows.flat());
  const labelWidth = size.compact ? 84 : 132;
  const valueWidth = size.compact ? 62 : 84;
  const height = phases.length * ROW_HEIGHT + AXIS_HEIGHT;
  const series: CustomSeriesOption = {
    type: 'custom',
    silent: true,
    data: rows.map((values, row) => [row, ...values.map(scale.clamp)]),
    encode: { x: [1, 2, 3, 4, 5], y: 0 },
    renderItem: (params, api) => {
      const at = (dimension: number): [number, number] => {
        const [x = 0, y = 0] = api.coord([api.value(dimension), api.value(0)]);
        return [x, y];
      };
      const [[min, y], [p50], [p90], [p99], [max]] = [at(1), at(2), at(3), at(4), at(5)];
      const box = (from: number, to: number, fill: string) => ({
        type: 'rect' as const,
        shape: { x: from, y: y - 7, width: Math.max(to - from, 1), height: 14, r: 2 },
        style: { fill },
      });
      const row = rows[params.dataIndex];
      return {
        type: 'group',
        children: [
          {
            type: 'line',
            shape: { x1: min, y1: y, x2: Math.max(max, min + 1), y2: y },
            style: { stroke: palette.axis, lineWidth: 2 },
          },
          box(p90, p99, palette.tail),
          box(p50, p90, palette.band),
          {
            type: 'rect',
            shape: { x: p50 - 1.5, y: y - 10, width: 3, height: 20, r: 1 },
            style: { fill: palette.strongText },
          },
          {
            type: 'text',
            style: {
              text: formatMs(row?.[1] ?? null),
              x: size.width - 4,
              y,
              align: 'right',
              verticalAlign: 'middle',
              fill: palette.strongText,
              fontFamily: 'inherit',
              fontSize: 12,
              fontWeight: 600,
            },
          },
        ],
      };
    },
  };
  return {
    height,
    option: {
      grid: { left: labelWidth, right: valueWidth, top: 4, bottom: AXIS_HEIGHT - 4 },
      xAxis: {
        type: 'log',
        min: scale.min,
        max: scale.max,
        axisLine: { show: false },
        axisTick: { show: false, customValues: scale.ticks },
        axisLabel: {
          ...axisText,
          customValues: scale.ticks,
          formatter: formatTick,
          hideOverlap: true,
        },
        splitLine: { ...rulers, show: true },
      },
      yAxis: {
        type: 'category',
        inverse: true,
        data: phases.map(({ name }) => shorten(oneLine(name), size.compact ? 12 : 20)),
        axisLine: { show: false },
        axisTick: { show: false },
        axisLabel: { ...axisText, color: palette.strongText },
      },
      series: [series],
    },
  };
}
