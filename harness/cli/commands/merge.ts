import type { Command } from 'commander';
import { makeDirectory } from '../../../simulators/kernel/make-directory.ts';
import { mergeResults } from '../../merge/merge-results.ts';
import { readResult } from '../../merge/read-results.ts';
import { report } from '../run-and-report.ts';

interface MergeOptions {
  readonly out: string;
  readonly quiet?: true;
}

/** `dps-rig merge DIR...`: puts the results of shards together and judges the whole fleet. */
export function addMergeCommand(program: Command): void {
  program
    .command('merge')
    .description(
      'put the results of `dps-rig run --shard` together, judge the whole fleet, write the reports',
    )
    .argument('<results...>', 'directories of reports, or run-result.json files')
    .option('--out <directory>', 'where the reports go', 'out/merged')
    .option('--quiet', 'no summary: the exit code and the reports tell')
    .action(async (paths: readonly string[], { out, quiet }: MergeOptions) => {
      const result = mergeResults(await Promise.all(paths.map(readResult)));
      makeDirectory(out, 'the reports');
      process.exitCode = await report(result, { out, quiet });
    });
}
