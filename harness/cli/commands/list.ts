import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { Argument, type Command } from 'commander';
import { toError } from '../../../simulators/kernel/errors.ts';
import * as axes from '../../../simulators/schemas.ts';
import { scenarioRoot as root } from '../../failures/catalogue.ts';
import { parseScenario } from '../../scenario/load-scenario.ts';
import { describeFailures } from './list-failures.ts';
import { describePlatforms } from './list-platforms.ts';
import { describeRules } from './list-rules.ts';

/** `dps-rig list`: the values of every axis, the scenarios that come with dps-rig, the rules of the emulator; one of them, or all. */
export function addListCommand(program: Command): void {
  program
    .command('list')
    .description(
      'list what can be chosen: values of every axis, scenarios that come with dps-rig, failures, platforms of IoT Edge, rules of the emulator',
    )
    .addArgument(
      new Argument('[what]', 'only these').choices(['axes', 'scenarios', 'failures', 'platforms', 'rules']),
    )
    .action(async (what: string | undefined) => {
      const parts = [
        ...(what === undefined || what === 'axes' ? [describeAxes()] : []),
        ...(what === undefined || what === 'scenarios'
          ? [['scenarios:', ...(await describeScenarios())]]
          : []),
        ...(what === 'failures' ? [await describeFailures()] : []),
        ...(what === undefined || what === 'platforms' ? [describePlatforms()] : []),
        ...(what === 'rules' ? [describeRules().slice(0, -1)] : []),
        ...(what === undefined ? [['failures and how they are fixed: see `dps-rig list failures`']] : []),
        ...(what === undefined ? [['rules of the emulator: see `dps-rig list rules`']] : []),
      ];
      process.stdout.write(`${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`);
    });
}

function describeAxes(): string[] {
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ['platform', axes.platformKinds],
    ['version', axes.edgeVersions],
    ['enrollment', axes.provisioningKinds],
    ['attestation', axes.attestationKinds],
    ['keyStore', axes.keyStoreKinds],
    ['keyAlgorithm', axes.keyAlgorithms],
    ['transport', axes.transportKinds],
    ['client', axes.clientKinds],
    ['fault', axes.faultKinds],
    ['profile', Object.keys(axes.behaviourProfiles)],
    ['latency', axes.latencyNames],
  ];
  return rows.map(([name, values]) => `${name.padEnd(12)} ${values.join(', ')}`);
}

async function describeScenarios(): Promise<string[]> {
  const names = (await readdir(root, { recursive: true }))
    .filter((name) => name.endsWith('.toml') && !name.startsWith('failure'))
    .sort();
  const width = Math.max(...names.map((name) => name.length)) + 'scenarios/'.length;
  return Promise.all(
    names.map(async (name) => {
      const path = join(root, name);
      const text = await readFile(path, 'utf8');
      return `  ${relative(join(root, '..'), path).padEnd(width)}  ${descriptionOf(text, path)}`;
    }),
  );
}

function descriptionOf(text: string, path: string): string {
  try {
    return parseScenario(text, path).description;
  } catch (error) {
    return `invalid: ${toError(error).message}`;
  }
}
