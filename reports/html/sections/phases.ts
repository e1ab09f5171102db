import { formatCount, formatMs } from '../../figures.ts';
import { markup } from '../../markup.ts';
import { explainPhase, type NamedDistribution, phasesOf } from '../../phases.ts';
import type { RunResult } from '../../run-result.ts';
import { palette } from '../charts/palette.ts';
import { phasesChart } from '../charts/phases-chart.ts';
import { renderFigure, renderLegend } from '../figure.ts';
import { renderTable, type TableColumn } from '../table.ts';
import type { Section } from './section.ts';

/** Where the time of a registration goes. */
export function phasesSection(result: RunResult): Section | undefined {
  const phases = phasesOf(result);
  if (phases.length === 0) return undefined;
  const medians = phases.map(
    ({ name, distribution: d }) => `${name} ${formatMs(d.p50Ms)}, p95 ${formatMs(d.p95Ms)}`,
  );
  const figure = renderFigure({
    name: 'phases',
    label: `Range chart, median and 95th percentile by phase: ${medians.join('; ')}. The table below has all figures.`,
    legend: renderLegend([
      { label: 'fastest to slowest', color: palette.axis, kind: 'line' },
      { label: 'median', color: palette.strongText, kind: 'tick' },
      { label: 'median to p90', color: palette.band },
      { label: 'p90 to p99', color: palette.tail },
    ]),
    draw: (size) => phasesChart(phases, size),
  });
  return {
    id: 'phases',
    title: 'Latency by phase',
    shortTitle: 'Phases',
    lead: 'Phases do not overlap. The axis is logarithmic: each step to the right is a multiple, not a sum. The figure at the right is the median.',
    content: [figure, renderTable('Latency by phase', columns, phases.map(phaseRow))],
  };
}

const columns: readonly TableColumn[] = [
  { title: 'Phase' },
  ...['Count', 'Avg', 'Min', 'Med', 'Max', 'p90', 'p95', 'p99'].map((title) => ({ title, figures: true })),
];

function phaseRow({ name, distribution: d }: NamedDistribution) {
  const explanation = explainPhase(name);
  const remark = explanation === undefined ? undefined : markup`<p class="remark">${explanation}</p>`;
  return [
    markup`<code>${name}</code>${remark}`,
    formatCount(d.count),
    ...[d.meanMs, d.minMs, d.p50Ms, d.maxMs, d.p90Ms, d.p95Ms, d.p99Ms].map(formatMs),
  ];
}
