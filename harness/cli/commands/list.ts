import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { toError } from '../../../simulators/kernel/errors.ts';
import * as axes from '../../../simulators/schemas.ts';
import { parseScenario } from '../../scenario/load-scenario.ts';

const root = fileURLToPath(new URL('../../../scenarios/', import.meta.url));

/** `dps-rig list`: the values of every axis, and the scenarios that come with dps-rig. */
export function addListCommand(program: Command): void {
  program
    .command('list')
    .description('list the values of every axis, and the scenarios that come with dps-rig')
    .action(async () => {
      const rows: readonly (readonly [string, readonly string[]])[] = [
        ['platform', axes.platformKinds],
        ['enrollment', axes.enrollmentKinds],
        ['attestation', axes.attestationKinds],
        ['keyStore', axes.keyStoreKinds],
        ['keyAlgorithm', axes.keyAlgorithms],
        ['transport', axes.transportKinds],
        ['client', axes.clientKinds],
        ['fault', axes.faultKinds],
      ];
      const lines = rows.map(([name, values]) => `${name.padEnd(12)} ${values.join(', ')}`);
      process.stdout.write(`${[...lines, '', 'scenarios:', ...(await describeScenarios())].join('\n')}\n`);
    });
}

async function describeScenarios(): Promise<string[]> {
  const names = (await readdir(root, { recursive: true })).filter((name) => name.endsWith('.toml')).sort();
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
