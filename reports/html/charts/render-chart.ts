import { BarChart, CustomChart, LineChart } from 'echarts/charts';
import { GridComponent } from 'echarts/components';
import type { EChartsCoreOption } from 'echarts/core';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { type Markup, trusted } from '../../markup.ts';

use([BarChart, CustomChart, LineChart, GridComponent, SVGRenderer]);

/** How big a chart is drawn; `compact` is for phones. A page carries both drawings and shows the one that fits. */
export interface ChartSize {
  readonly width: number;
  readonly compact: boolean;
}

export interface Chart {
  readonly height: number;
  readonly option: EChartsCoreOption;
}

/**
 * Draws a chart as inline SVG on the server. Colours are CSS variables, so one drawing serves light, dark and print.
 *
 * @param name unique in the page: it keeps the clip paths of two charts apart
 */
export function renderChart(name: string, size: ChartSize, chart: Chart): Markup {
  const instance = init(null, null, {
    renderer: 'svg',
    ssr: true,
    width: size.width,
    height: Math.round(chart.height),
  });
  try {
    instance.setOption({ animation: false, textStyle: { fontFamily: 'inherit' }, ...chart.option });
    return trusted(tidy(instance.renderToSVGString(), name));
  } finally {
    instance.dispose();
  }
}

// ECharts numbers its ids per process and adds what only its client-side runtime reads. Without both, the same
// result gives the same page, byte for byte, and two charts in a page do not share ids.
function tidy(svg: string, name: string): string {
  return svg
    .replaceAll(/<style\s*>[\s\S]*?<\/style>/g, '')
    .replaceAll(/ (?:class="zr\d+-cls-\d+"|ecmeta_\w+="[^"]*"|pointer-events="visible")/g, '')
    .replaceAll(/zr\d+-/g, `${name}-`)
    .replace(
      /^<svg width="(\d+)" height="(\d+)"[^>]*>/,
      '<svg viewBox="0 0 $1 $2" aria-hidden="true" focusable="false">',
    )
    .replaceAll('\n', '');
}
