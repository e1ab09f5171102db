import { formatInstant, formatMs, formatRate } from '../../figures.ts';
import { type Markup, type MarkupValue, markup } from '../../markup.ts';
import type { RunResult } from '../../run-result.ts';
import { plural } from '../../text.ts';
import type { Section } from './section.ts';

/** What ran, against what, on which machine: enough to run it again. */
export function setupSection(result: RunResult): Section {
  const { scenario, endpoint, load, machine, tool } = result;
  const groups = [
    group('Scenario', [
      ['File', markup`<code>${scenario.file}</code>`],
      ['Seed', String(scenario.seed)],
      ['Started', formatInstant(result.startedAt)],
      ['Timed part', formatMs(result.durationMs)],
      ['Preparation', `${formatMs(result.preparationMs)}, not timed`],
    ]),
    group('Endpoint', [
      ['Kind', endpoint.kind],
      ['Host', markup`<code>${endpoint.host}</code>`],
      ['idScope', markup`<code>${endpoint.idScope}</code>`],
      ...(endpoint.notAsUsual ?? []).map((what) => ['Not as usual', what] as const),
    ]),
    group('Load', [
      ['Arrival', load.arrival],
      ['Workers', plural(load.workers, 'thread')],
      ['TPMs', load.tpmMode],
      ['Devices', plural(result.devices, 'device')],
    ]),
    group('Machine', [
      ['CPU', `${machine.cpu}, ${plural(machine.cores, 'core')}`],
      ['Memory', `${formatRate(machine.memoryGiB)} GiB`],
      ['System', machine.os],
      ['Node', machine.node],
      ['dps-rig', tool.version],
    ]),
  ];
  return {
    id: 'setup',
    title: 'What ran',
    shortTitle: 'What ran',
    content: markup`<div class="setup">${groups}</div>`,
  };
}

function group(title: string, facts: readonly (readonly [string, MarkupValue])[]): Markup {
  const rows = facts.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`);
  return markup`<div><h3>${title}</h3><dl>${rows}</dl></div>\n`;
}
