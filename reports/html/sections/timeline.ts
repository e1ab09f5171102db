import { formatCount, formatMs, formatRate } from '../../figures.ts';
import { markup } from '../../markup.ts';
import type { RunResult } from '../../run-result.ts';
import { outcomeKinds, outcomeTexts, palette } from '../charts/palette.ts';
import { formatTick } from '../charts/scale.ts';
import { resample } from '../charts/timeline.ts';
import { timelineChart } from '../charts/timeline-chart.ts';
import { renderFigure, renderLegend } from '../figure.ts';
import { renderTable, type TableColumn } from '../table.ts';
import type { Section } from './section.ts';

const MAX_BARS = 160;
const MAX_ROWS = 40;

/** Throughput, errors and devices at work, over the time of the run. */
export function timelineSection(result: RunResult): Section | undefined {
  const intervals = resample(result.timeSeries, MAX_BARS);
  const first = intervals[0];
  if (first === undefined) return undefined;
  const kinds = outcomeKinds.filter((kind) => kind === 'assigned' || result.outcomes[kind] > 0);
  const peak = Math.max(...intervals.map(({ outcomes, lengthMs }) => outcomes.assigned / (lengthMs / 1000)));
  const busiest = Math.max(...intervals.map(({ inFlight }) => inFlight));
  const figure = renderFigure({
    name: 'timeline',
    label: `Bar chart, outcomes per second over the run: at most ${formatRate(peak)} assigned per second, at most ${formatCount(busiest)} devices at work at once.`,
    legend: renderLegend([
      ...kinds.map((kind) => ({
        label: `${outcomeTexts[kind].label} per second`,
        color: outcomeTexts[kind].color,
      })),
      { label: 'devices at work', color: palette.accent, kind: 'line' as const },
    ]),
    draw: (size) => timelineChart(intervals, kinds, size),
  });
  const rows = resample(result.timeSeries, MAX_ROWS).map((interval) => [
    `${formatMs(interval.fromMs)} – ${formatMs(interval.fromMs + interval.lengthMs)}`,
    formatCount(interval.started),
    ...outcomeKinds.map((kind) => formatCount(interval.outcomes[kind])),
    formatRate(interval.outcomes.assigned / (interval.lengthMs / 1000)),
    formatCount(interval.inFlight),
  ]);
  return {
    id: 'timeline',
    title: 'Over time',
    shortTitle: 'Time',
    lead: `Outcomes per second, in bars of ${formatTick(first.lengthMs)}; below them how many devices were at work at once.`,
    content: markup`${figure}<details><summary>The figures as a table</summary>${renderTable('Outcomes over time', columns, rows)}</details>`,
  };
}

const columns: readonly TableColumn[] = [
  { title: 'Time' },
  ...['Started', 'Assigned', 'Ended', 'Error', 'Aborted', 'Assigned/s', 'At work'].map((title) => ({
    title,
    figures: true,
  })),
];
