import type { Command } from 'commander';
import { expandMatrix } from '../../scenario/expand.ts';
import { loadScenario } from '../../scenario/load-scenario.ts';

/** `dps-rig validate FILE...`: checks scenarios without running them, and prints their cells. */
export function addValidateCommand(program: Command): void {
  program
    .command('validate')
    .description('check scenario files and print their cells; nothing is run')
    .argument('<scenarios...>', 'TOML files')
    .action(async (files: readonly string[]) => {
      for (const file of files) {
        const scenario = await loadScenario(file);
        const cells = expandMatrix(scenario);
        const lines = cells.map(({ name, devices, notPossible }) =>
          notPossible === undefined
            ? `  ${String(devices).padStart(7)}  ${name}`
            : `        -  ${name}: not possible: ${notPossible}`,
        );
        process.stdout.write(
          `${file}: valid, ${cells.reduce((sum, { devices }) => sum + devices, 0)} devices\n${lines.join('\n')}\n`,
        );
      }
    });
}
