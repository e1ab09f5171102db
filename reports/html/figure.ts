import { type Markup, type MarkupValue, markup } from '../markup.ts';
import { type Chart, type ChartSize, renderChart } from './charts/render-chart.ts';

const WIDE: ChartSize = { width: 960, compact: false };
const NARROW: ChartSize = { width: 340, compact: true };

/** A chart as the page shows it. `label` says in words what the chart shows, for those who cannot see it. */
export interface Figure {
  /** Unique in the page. */
  readonly name: string;
  readonly label: string;
  readonly legend?: MarkupValue;
  readonly draw: (size: ChartSize) => Chart;
}

/** Both drawings of a chart, with its legend; the style sheet shows the one that fits the screen. */
export function renderFigure({ name, label, legend, draw }: Figure): Markup {
  return markup`<figure class="chart">
${legend}
<div role="img" aria-label="${label}">
<div class="wide">${renderChart(`${name}-wide`, WIDE, draw(WIDE))}</div>
<div class="narrow">${renderChart(`${name}-narrow`, NARROW, draw(NARROW))}</div>
</div>
</figure>`;
}

/** The colours of a chart with their meaning; `kind` is the shape of the sample. */
export function renderLegend(entries: readonly LegendEntry[]): Markup {
  const items = entries.map(
    ({ label, color, kind = 'box' }) =>
      markup`<li><span class="sample ${kind}" style="--sample:${color}"></span>${label}</li>`,
  );
  return markup`<ul class="legend" aria-hidden="true">${items}</ul>`;
}

export interface LegendEntry {
  readonly label: string;
  /** A value of the palette, never text from a result. */
  readonly color: string;
  readonly kind?: 'box' | 'line' | 'tick';
}
