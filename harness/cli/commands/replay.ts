import type { Command } from 'commander';
import { readBundle } from '../../bundles/read-bundle.ts';
import { replayBundle } from '../../bundles/replay.ts';
import { exitCodes } from '../exit-codes.ts';
import { openInterrupts } from '../interrupts.ts';

/** `dps-rig replay BUNDLE`: runs a device that failed again, by itself, and says whether it fails as it did. */
export function addReplayCommand(program: Command): void {
  program
    .command('replay')
    .description('run a device that failed again, by itself: 0 when it ends as it did, 4 when it does not')
    .argument('<bundle...>', 'directories of bundles: out/quickstart/bundles/rig-3f1c77-tpm-000042')
    .option('--quiet', 'the exit code tells')
    .action(async (paths: readonly string[], { quiet = false }: { readonly quiet?: boolean }) => {
      using interrupts = openInterrupts();
      let reproduced = 0;
      for (const path of paths) {
        const bundle = await readBundle(path);
        const { outcome, diagnosis } = await replayBundle(bundle, interrupts.signal);
        const same = outcome === bundle.outcome;
        if (same) reproduced += 1;
        if (quiet) continue;
        const mark = same ? '✓ reproduced ' : '✗ ended otherwise';
        const lines = [
          `${mark} ${bundle.registrationId}: ${outcome}`,
          ...(same ? [] : [`    in the run: ${bundle.outcome}`]),
          ...(diagnosis === undefined ? [] : [`    ${diagnosis.cause}: ${diagnosis.statement}`]),
        ];
        process.stdout.write(`${lines.join('\n')}\n`);
      }
      if (!quiet && paths.length > 1) process.stdout.write(`${reproduced} of ${paths.length} reproduced\n`);
      process.exitCode = reproduced === paths.length ? exitCodes.passed : exitCodes.correctness;
    });
}
