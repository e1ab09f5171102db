import { byUrgency, judgeCell, nameCells } from '../../cells.ts';
import { formatCount, formatMs, formatShare } from '../../figures.ts';
import { type Markup, type MarkupValue, markup } from '../../markup.ts';
import type { CellResult, RunResult } from '../../run-result.ts';
import { plural } from '../../text.ts';
import { toneSymbols } from '../../verdict.ts';
import { cellsChart } from '../charts/cells-chart.ts';
import { outcomeKinds, outcomeTexts } from '../charts/palette.ts';
import { renderFigure, renderLegend } from '../figure.ts';
import { renderMark, renderTable, type TableColumn } from '../table.ts';
import type { Section } from './section.ts';

const MAX_BARS = 12;

/** The matrix: one row for each cell, those that need a look first. */
export function cellsSection(result: RunResult): Section | undefined {
  if (result.cells.length === 0) return undefined;
  const names = nameCells(result.cells);
  const cells = byUrgency(result.cells, result);
  const shared = names.common.map((value) => markup` <code>${value}</code>`);
  const which = cells.length === 1 ? 'One cell:' : `${plural(cells.length, 'cell')}, all of them`;
  const lead = names.common.length === 0 ? undefined : markup`${which}${shared}.`;
  const rows = cells.map((cell) => cellRow(cell, names.shortName(cell), result));
  return {
    id: 'cells',
    title: 'Outcomes by cell',
    shortTitle: 'Cells',
    lead,
    content: [
      cellsFigure(cells, names.shortName),
      renderTable('Outcomes and latency by cell', columns, rows),
    ],
  };
}

const columns: readonly TableColumn[] = [
  { title: 'Cell' },
  ...['Devices', 'Assigned', 'Ended', 'Error', 'Aborted', 'Median', 'p95', 'p99'].map((title) => ({
    title,
    figures: true,
  })),
];

function cellRow(cell: CellResult, name: string, result: RunResult): readonly MarkupValue[] {
  const { kind, tone, reason } = judgeCell(cell, result);
  const mark = renderMark(tone, toneSymbols[tone], kind.replace('-', ' '));
  const nothingToSay = kind === 'passed' && cell.outcomes.assigned === cell.devices;
  const remark = nothingToSay
    ? undefined
    : markup`<p class="remark">${kind.replace('-', ' ')}: ${reason}</p>`;
  const figures =
    cell.notPossible === null
      ? [
          formatCount(cell.devices),
          ...outcomeKinds.map(
            (outcome) =>
              markup`<span class="${cell.outcomes[outcome] === 0 ? 'zero' : outcome}">${formatCount(cell.outcomes[outcome])}</span>`,
          ),
          ...[cell.totalMs.p50Ms, cell.totalMs.p95Ms, cell.totalMs.p99Ms].map(formatMs),
        ]
      : columns.slice(1).map(() => markup`<span class="zero">–</span>`);
  return [markup`${mark}<span title="${cell.name}">${name}</span>${remark}`, ...figures];
}

/** The outcomes as bars, where there is more to see than that every device was assigned. */
function cellsFigure(
  cells: readonly CellResult[],
  shortName: (cell: CellResult) => string,
): Markup | undefined {
  const bars = cells.filter((cell) => cell.devices > 0).slice(0, MAX_BARS);
  if (bars.every((cell) => cell.outcomes.assigned === cell.devices)) return undefined;
  const kinds = outcomeKinds.filter(
    (kind) => kind === 'assigned' || bars.some((cell) => cell.outcomes[kind] > 0),
  );
  const shares = bars.map(
    (cell) => `${shortName(cell)} ${formatShare(cell.outcomes.assigned, cell.devices)}`,
  );
  const figure = renderFigure({
    name: 'cells',
    label: `Bar chart, share of devices assigned by cell: ${shares.join('; ')}. The table below has all figures.`,
    legend: renderLegend(kinds.map((kind) => outcomeTexts[kind])),
    draw: (size) => cellsChart(bars, kinds, shortName, size),
  });
  const hidden = cells.filter((cell) => cell.devices > 0).length - bars.length;
  const note =
    hidden === 0
      ? undefined
      : markup`<p class="remark">The chart shows ${plural(bars.length, 'cell')}, those that need a look first; the table has all ${formatCount(cells.length)}.</p>`;
  return markup`${figure}${note}`;
}
