import { type Command, InvalidArgumentError } from 'commander';
import { UsageError } from '../../../simulators/kernel/errors.ts';
import { wireLayers } from '../../../simulators/kernel/wire-log.ts';
import { isBundle, readBundle } from '../../bundles/read-bundle.ts';
import { type LoneDevice, runAlone } from '../../bundles/replay.ts';
import { planFleet } from '../../plan/fleet-plan.ts';
import { expandMatrix } from '../../scenario/expand.ts';
import { loadScenario } from '../../scenario/load-scenario.ts';
import type { Override } from '../../scenario/override.ts';
import { scenarioFileOf } from '../../scenario/scenario-file.ts';
import { openInterrupts } from '../interrupts.ts';
import { collectOverride } from '../parse-options.ts';
import { describeTrace } from '../trace-text.ts';

interface TraceOptions {
  readonly device: string;
  readonly layer: readonly string[];
  readonly set: readonly Override[];
  readonly fields: boolean;
  readonly json?: true;
}

/** `dps-rig trace`: one device step by step, from a bundle as it was, or of a scenario, run for it. */
export function addTraceCommand(program: Command): void {
  program
    .command('trace')
    .description('show a device step by step: TPM commands, PKCS #11 calls, messages, times; without secrets')
    .argument('<what>', 'a bundle, or a scenario of which one device is run')
    .option('--device <which>', 'of a scenario: position in the fleet from 0, or registrationId', '0')
    .option('--layer <layer>', `only this one; may be repeated: ${wireLayers.join(', ')}`, addLayer, [])
    .option('--set <key=value>', 'of a scenario: sets a key; may be repeated', collectOverride, [])
    .option('--no-fields', 'one line each')
    .option('--json', 'a line of JSON each')
    .action(async (what: string, options: TraceOptions) => {
      using interrupts = openInterrupts();
      const { title, wire } = (await isBundle(what))
        ? await ofBundle(what)
        : await ofScenario(what, options, interrupts.signal);
      const layers = options.layer.length === 0 ? undefined : new Set(options.layer);
      const lines =
        options.json === true
          ? wire.filter(({ layer }) => layers?.has(layer) ?? true).map((one) => JSON.stringify(one))
          : [title, '', ...describeTrace(wire, { layers, fields: options.fields })];
      process.stdout.write(`${lines.join('\n')}\n`);
    });
}

async function ofBundle(path: string) {
  const { registrationId, cell, outcome, wire } = await readBundle(path);
  return { title: `${registrationId} (${cell}): ${outcome}`, wire };
}

async function ofScenario(given: string, { device, set }: TraceOptions, signal: AbortSignal) {
  const scenarioFile = scenarioFileOf(given);
  const scenario = await loadScenario(scenarioFile, set);
  const cells = expandMatrix(scenario);
  const { devices } = planFleet(scenario, cells);
  const index = /^\d+$/.test(device)
    ? Number(device)
    : Iterator.from(devices).find(({ spec }) => spec.registrationId === device)?.spec.index;
  const planned = index === undefined ? undefined : devices.at(index);
  if (index === undefined || planned === undefined) {
    throw new UsageError(`${scenarioFile} has no device ${device}`, {
      hint: `It has ${devices.count}, numbered from 0; \`outcomes.tsv\` of a run lists their registrationIds.`,
    });
  }
  const lone: LoneDevice = { scenario, scenarioFile, index };
  const { record, outcome } = await runAlone(lone, signal);
  const cell = cells[planned.cell]?.name ?? '';
  return { title: `${planned.spec.registrationId} (${cell}): ${outcome}`, wire: record.watched?.wire ?? [] };
}

function addLayer(text: string, all: readonly string[]): readonly string[] {
  if (wireLayers.some((known) => known === text)) return [...all, text];
  throw new InvalidArgumentError(`expected ${wireLayers.join(', ')}`);
}
