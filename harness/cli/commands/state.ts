import type { Command } from 'commander';
import { exportDataDirectory, importDataDirectory } from '../../../simulators/index.ts';
import { ScenarioError, toError, UsageError } from '../../../simulators/kernel/errors.ts';

/** `dps-rig export` and `dps-rig import`: what `emulate --data-dir` keeps, as one JSON document. */
export function addStateCommands(program: Command): void {
  program
    .command('export')
    .description('write what an emulator keeps as JSON, keys included; no emulator may have the directory')
    .requiredOption('--data-dir <directory>', 'that of emulate')
    .option('--out <file>', 'made readable by you alone (default: standard output)')
    .action(({ dataDir, out }: { readonly dataDir: string; readonly out?: string }) => {
      exportDataDirectory(dataDir, out);
      if (out !== undefined) process.stdout.write(`${out}: written, and it holds keys: its mode is 0600\n`);
    });
  program
    .command('import')
    .description('replace what an emulator keeps by an export, all or nothing')
    .requiredOption('--data-dir <directory>', 'that of emulate; made if there is none')
    .argument('<file>', 'an export')
    .action((file: string, { dataDir }: { readonly dataDir: string }) => {
      const count = importFile(dataDir, file);
      process.stdout.write(`${dataDir}: ${count} records\n`);
    });
}

/** @throws ScenarioError naming the file, the line and the member */
function importFile(dataDir: string, file: string): number {
  try {
    return importDataDirectory(dataDir, file);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (!(cause instanceof UsageError) && code !== 'ENOENT') throw cause;
    throw new ScenarioError({ file, message: toError(cause).message }, { cause });
  }
}
