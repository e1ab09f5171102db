import { formatCount, formatInstant, formatMs, formatRate, formatShare } from '../../figures.ts';
import { type Markup, type MarkupValue, markup } from '../../markup.ts';
import type { RunResult } from '../../run-result.ts';
import { plural } from '../../text.ts';
import { describeVerdict, headline, toneSymbols } from '../../verdict.ts';
import type { Section } from './section.ts';

/** The top of the page: what ran, the verdict, the key figures, and where to find the rest. */
export function overviewSection(result: RunResult, sections: readonly Section[]): Markup {
  const { scenario, endpoint, load } = result;
  const facts: readonly MarkupValue[] = [
    markup`<span>${formatInstant(result.startedAt)}</span>`,
    markup`<span>seed ${scenario.seed}</span>`,
    markup`<span>${endpoint.kind} <code>${endpoint.host}</code></span>`,
    markup`<span>${load.arrival}</span>`,
    markup`<span>${plural(load.workers, 'worker')}</span>`,
  ];
  const links = sections.map(({ id, shortTitle }) => markup`<a href="#${id}">${shortTitle}</a>`);
  return markup`<header class="top">
<p class="brand"><b>dps-rig</b> <span>provisioning report</span></p>
<h1>${scenario.name}</h1>
${scenario.description === '' ? undefined : markup`<p class="description">${scenario.description}</p>`}
<p class="facts">${facts}</p>
${verdictBanner(result)}
${keyFigures(result)}
<nav aria-label="Contents">${links}</nav>
</header>`;
}

function verdictBanner(result: RunResult): Markup {
  const { label, tone, meaning } = describeVerdict(result);
  const held = result.checks.filter((check) => check.passed).length;
  const total = result.checks.length;
  const checks = total === 0 ? 'nothing was checked' : `${held} of ${plural(total, 'check')} held`;
  return markup`<div class="verdict ${tone}">
<span class="symbol" aria-hidden="true">${toneSymbols[tone]}</span>
<div>
<p class="label">${label}</p>
<p class="headline">${headline(result)}; ${checks}.</p>
<p class="meaning">${meaning}</p>
</div>
</div>`;
}

function keyFigures(result: RunResult): Markup {
  const { outcomes, devices, total } = result;
  const tiles = [
    tile(
      'Assigned',
      formatShare(outcomes.assigned, devices),
      `${formatCount(outcomes.assigned)} of ${formatCount(devices)}`,
    ),
    tile('Rate', formatRate(result.assignedPerSecond), 'assigned per second'),
    tile('Median', formatMs(total.p50Ms), 'half of the devices took less'),
    tile('95th percentile', formatMs(total.p95Ms), `99th: ${formatMs(total.p99Ms)}`),
    tile('CPU per device', formatMs(result.cpuPerDeviceMs), cpuRemark(result)),
    tile('Start lateness', formatMs(result.lateness.p99Ms), 'p99, of the load generator itself'),
  ];
  return markup`<dl class="tiles">
${tiles}</dl>`;
}

const cpuRemark = ({ calibration }: RunResult): string =>
  calibration === undefined
    ? 'of this process, all threads'
    : `all threads; ${formatMs(calibration.cpuPerDeviceMs)} is the harness itself`;

function tile(name: string, figure: string, remark: string): Markup {
  return markup`<div><dt>${name}</dt><dd class="figure">${figure}</dd><dd class="remark">${remark}</dd></div>\n`;
}
