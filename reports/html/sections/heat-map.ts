import { type CellGrid, type GridSquare, layOutGrid } from '../../cell-grid.ts';
import { formatCount, formatMs } from '../../figures.ts';
import { type Markup, markup } from '../../markup.ts';
import type { RunResult } from '../../run-result.ts';
import { toneSymbols } from '../../verdict.ts';
import { renderMark } from '../table.ts';
import type { Section } from './section.ts';

/** The grid of cells: what a device is down the side, how it talks along the top; the warmer, the slower. */
export function heatMapSection(result: RunResult): Section | undefined {
  const grid = layOutGrid(result);
  if (grid === undefined) return undefined;
  return {
    id: 'grid',
    title: 'Attestation by transport',
    shortTitle: 'Grid',
    lead: 'Devices assigned and the median time of a registration. The stronger the colour, the slower; red is where the run did not come out as it should.',
    content: [renderGrid(grid), renderReasons(grid.reasons)],
  };
}

function renderGrid({ transports, rows }: CellGrid): Markup {
  const caption = 'Devices assigned and median time by attestation, transport and client';
  const medians = rows.flatMap(({ squares }) => squares.flatMap((square) => square?.medianMs ?? []));
  const heat = heatScale(medians);
  const groups = transports.map(
    ({ transport, clients }) => markup`<th scope="colgroup" colspan="${clients.length}">${transport}</th>`,
  );
  const clients = transports.flatMap((column) =>
    column.clients.map((client) => markup`<th scope="col">${client}</th>`),
  );
  const body = rows.map(
    ({ name, squares }) =>
      markup`<tr><th scope="row">${name}</th>${squares.map((square) => renderSquare(square, heat))}</tr>\n`,
  );
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table class="heat">
<caption>${caption}</caption>
<thead><tr><td rowspan="2"></td>${groups}</tr><tr>${clients}</tr></thead>
<tbody>
${body}</tbody>
</table></div>`;
}

function renderSquare(square: GridSquare | undefined, heat: (ms: number) => number): Markup {
  if (square === undefined) return markup`<td class="zero">–</td>`;
  const { judgement, devices, assigned, medianMs, reason } = square;
  if (reason !== undefined)
    return markup`<td class="neutral" title="${judgement.reason}">not possible <sup>${reason + 1}</sup></td>`;
  const mark =
    judgement.kind === 'passed'
      ? undefined
      : renderMark(judgement.tone, toneSymbols[judgement.tone], judgement.kind);
  const percent = medianMs === null ? 0 : heat(medianMs);
  const count = `${formatCount(assigned)} of ${formatCount(devices)}`;
  return markup`<td class="${judgement.tone}" style="--heat: ${percent}%" title="${judgement.reason}">${mark}<b>${count}</b><span>${formatMs(medianMs)}</span></td>`;
}

function renderReasons(reasons: readonly string[]): Markup | undefined {
  if (reasons.length === 0) return undefined;
  return markup`<ol class="reasons">${reasons.map((reason) => markup`<li class="remark">not possible: ${reason}</li>`)}</ol>`;
}

const COOLEST = 12;
const WARMEST = 62;

/** Share of the colour by the logarithm of the time: transports differ by factors, and one slow cell outshines no others. */
function heatScale(medians: readonly number[]): (ms: number) => number {
  const logs = medians.map(log);
  const low = Math.min(...logs);
  const range = Math.max(...logs) - low;
  return (ms) =>
    range === 0 ? COOLEST : Math.round(COOLEST + ((log(ms) - low) / range) * (WARMEST - COOLEST));
}

const log = (ms: number): number => Math.log(Math.max(ms, 0.001));
