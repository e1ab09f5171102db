import { readFileSync } from 'node:fs';
import { type Markup, markup, trusted } from '../markup.ts';
import type { RunResult } from '../run-result.ts';
import { describeVerdict, toneSymbols } from '../verdict.ts';
import { cellsSection } from './sections/cells.ts';
import { checksSection } from './sections/checks.ts';
import { clientGradesSection } from './sections/client-grades.ts';
import { diagnosesSection } from './sections/diagnoses.ts';
import { errorsSection } from './sections/errors.ts';
import { guideSection } from './sections/guide.ts';
import { heatMapSection } from './sections/heat-map.ts';
import { keyCustodySection } from './sections/key-custody.ts';
import { latencySection } from './sections/latency.ts';
import { overviewSection } from './sections/overview.ts';
import { phasesSection } from './sections/phases.ts';
import type { Section } from './sections/section.ts';
import { setupSection } from './sections/setup.ts';
import { timelineSection } from './sections/timeline.ts';

/** One HTML page with everything in it: it runs no script, loads nothing, and can be mailed or printed as it is. */
export function renderPage(result: RunResult): string {
  const verdict = describeVerdict(result);
  const sections = [
    checksSection(result),
    errorsSection(result),
    diagnosesSection(result),
    heatMapSection(result),
    cellsSection(result),
    phasesSection(result),
    latencySection(result),
    clientGradesSection(result),
    keyCustodySection(result),
    timelineSection(result),
    setupSection(result),
    guideSection(result),
  ].flatMap((section) => section ?? []);
  const page = markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="generator" content="dps-rig ${result.tool.version}">
<title>${toneSymbols[verdict.tone]} ${result.scenario.name}: ${verdict.label}</title>
<style>${styleSheet}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
${overviewSection(result, sections)}
<main id="content">
${sections.map(renderSection)}
</main>
<footer><p>Written by dps-rig ${result.tool.version}. The same figures for programs: <code>run-result.json</code>, <code>junit.xml</code>.</p></footer>
</body>
</html>
`;
  return page.markup;
}

function renderSection({ id, title, lead, content }: Section): Markup {
  const intro = lead === undefined ? undefined : markup`<p class="lead">${lead}</p>`;
  return markup`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${intro}
${content}
</section>
`;
}

const styleSheet = trusted(readFileSync(new URL('page.css', import.meta.url), 'utf8'));
