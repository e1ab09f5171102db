import { formatShare } from '../../figures.ts';
import type { CellResult, OutcomeCounts } from '../../run-result.ts';
import { oneLine, shorten } from '../../text.ts';
import { axisText, outcomeTexts, palette } from './palette.ts';
import type { Chart, ChartSize } from './render-chart.ts';

const ROW_HEIGHT = 28;

/** One bar for each cell, of equal length: the share of each outcome among its devices. */
export function cellsChart(
  cells: readonly CellResult[],
  kinds: readonly (keyof OutcomeCounts)[],
  shortName: (cell: CellResult) => string,
  size: ChartSize,
): Chart {
  const names = cells.map((cell) => oneLine(shortName(cell)));
  const longest = Math.max(0, ...names.map((name) => name.length));
  const room = size.compact ? 18 : 52;
  const labelWidth = Math.ceil(Math.min(longest, room) * 7) + 16;
  return {
    height: cells.length * ROW_HEIGHT + 8,
    option: {
      grid: { left: labelWidth, right: 72, top: 4, bottom: 4 },
      xAxis: { type: 'value', min: 0, max: 1, show: false },
      yAxis: [
        textAxis(names.map((name) => shorten(name, room))),
        {
          ...textAxis(cells.map((cell) => formatShare(cell.outcomes.assigned, cell.devices))),
          position: 'right',
        },
      ],
      series: kinds.map((kind, index) => ({
        type: 'bar',
        stack: 'outcomes',
        silent: true,
        emphasis: { disabled: true },
        barWidth: 14,
        data: cells.map((cell) => (cell.devices === 0 ? 0 : cell.outcomes[kind] / cell.devices)),
        itemStyle: { color: outcomeTexts[kind].color },
        showBackground: index === 0,
        backgroundStyle: { color: palette.grid },
      })),
    },
  };
}

/** An axis that is nothing but a column of text beside the bars. */
function textAxis(texts: readonly string[]) {
  return {
    type: 'category',
    inverse: true,
    data: texts,
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { ...axisText, color: palette.strongText, interval: 0 },
  };
}
