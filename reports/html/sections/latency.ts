import { nameCells } from '../../cells.ts';
import { formatCount, formatMs } from '../../figures.ts';
import type { NamedDistribution } from '../../phases.ts';
import type { RunResult } from '../../run-result.ts';
import { shorten } from '../../text.ts';
import { colorOfCurve, percentilesChart } from '../charts/percentiles-chart.ts';
import { renderFigure, renderLegend } from '../figure.ts';
import { renderTable, type TableColumn } from '../table.ts';
import type { Section } from './section.ts';

const MAX_CELL_CURVES = 5;

/** How long whole registrations took, when there is more than one of them: one curve for the fleet and one for each of its largest cells. */
export function latencySection(result: RunResult): Section | undefined {
  if (result.total.count < 2) return undefined;
  const curves = [{ name: 'all devices', distribution: result.total }, ...cellCurves(result)];
  const figure = renderFigure({
    name: 'latency',
    label: `Line chart, latency by percentile. All devices: median ${formatMs(result.total.p50Ms)}, p95 ${formatMs(result.total.p95Ms)}, p99 ${formatMs(result.total.p99Ms)}, slowest ${formatMs(result.total.maxMs)}.`,
    legend: renderLegend(
      curves.map(({ name }, index) => ({
        label: shorten(name, 60),
        color: colorOfCurve(index),
        kind: 'line',
      })),
    ),
    draw: (size) => percentilesChart(curves, size),
  });
  const rows = curves.map(({ name, distribution: d }) => [
    name,
    formatCount(d.count),
    ...[d.minMs, d.p50Ms, d.p90Ms, d.p95Ms, d.p99Ms, d.maxMs].map(formatMs),
  ]);
  return {
    id: 'latency',
    title: 'Latency distribution',
    shortTitle: 'Latency',
    lead: 'The time that a share of the devices stayed under: at p95, 95 of 100 were at least as fast as the curve. Towards the right the axis stretches, so that the slow few can be seen.',
    content: [figure, renderTable('Latency of whole registrations', columns, rows)],
  };
}

const columns: readonly TableColumn[] = [
  { title: 'Devices' },
  ...['Count', 'Min', 'Med', 'p90', 'p95', 'p99', 'Max'].map((title) => ({ title, figures: true })),
];

/** The largest cells, in the order of the scenario; none when there is but one. */
function cellCurves(result: RunResult): readonly NamedDistribution[] {
  const cells = result.cells.filter((cell) => cell.totalMs.count > 0);
  if (cells.length < 2) return [];
  const { shortName } = nameCells(result.cells);
  const largest = cells.toSorted((a, b) => b.devices - a.devices).slice(0, MAX_CELL_CURVES);
  return cells
    .filter((cell) => largest.includes(cell))
    .map((cell) => ({ name: shortName(cell), distribution: cell.totalMs }));
}
