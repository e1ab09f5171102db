import { basename, join } from 'node:path';
import { renderConsoleSummary, writeReports } from '../../reports/index.ts';
import type { RunResult } from '../../reports/run-result.ts';
import { makeDirectory } from '../../simulators/kernel/make-directory.ts';
import type { Shard } from '../plan/shards.ts';
import { type RunOptions, run } from '../run.ts';
import type { Scenario } from '../scenario/scenario-schema.ts';
import { exitCodes } from './exit-codes.ts';
import { openInterrupts } from './interrupts.ts';
import { createProgressDisplay } from './progress-display.ts';

/** What commands that run a scenario are told besides it. */
export interface RunAndReportOptions
  extends Pick<RunOptions, 'keyLogFile' | 'allowedHosts' | 'onlyCells' | 'consent' | 'shard'> {
  /** Other machines register the fleet. */
  readonly nats?: Omit<NonNullable<RunOptions['coordinate']>, 'say'> | undefined;
  /** Of the reports. Default: `out/` and the name of the file. */
  readonly out?: string | undefined;
  readonly quiet?: true | undefined;
}

/**
 * Runs a scenario with its progress on the terminal, writes the reports and prints the summary.
 *
 * @returns no result when it was interrupted before the first device had started
 */
export async function runAndReport(
  scenario: Scenario,
  file: string,
  { shard, out = directoryFor(file, shard), quiet, nats, ...runOptions }: RunAndReportOptions,
): Promise<{ readonly exitCode: number; readonly result?: RunResult }> {
  using interrupts = openInterrupts();
  makeDirectory(out, 'the reports');
  using display = createProgressDisplay({ quiet: quiet ?? false });
  display.say([scenario.name, scenario.description].filter((part) => part !== '').join(': '));
  const { signal } = interrupts;
  const result = await run({
    ...{ scenario, scenarioFile: file, signal, onProgress: display.show },
    journalFile: join(out, 'journal.jsonl'),
    outcomesFile: join(out, 'outcomes.tsv'),
    bundleDirectory: join(out, 'bundles'),
    ...{ shard, coordinate: nats && { ...nats, say: display.say }, ...runOptions },
  }).catch((error: unknown) => {
    if (signal.aborted) return undefined;
    throw error;
  });
  display[Symbol.dispose]();
  if (result === undefined) {
    process.stderr.write('dps-rig: interrupted before a device had started: there is nothing to report\n');
    return { exitCode: exitCodes.interrupted };
  }
  return { exitCode: await report(result, { out, quiet }), result };
}

/** Writes the reports and prints the summary. @returns the exit code that the verdict stands for */
export async function report(
  result: RunResult,
  { out, quiet }: { readonly out: string; readonly quiet?: true | undefined },
): Promise<number> {
  const written = await writeReports(result, out);
  if (quiet === undefined) {
    const { isTTY, columns } = process.stdout;
    const color = isTTY && process.env['NO_COLOR'] === undefined;
    const width = isTTY ? Math.min(100, columns) : 100;
    const reportPath = written.find((path) => path.endsWith('.html')) ?? out;
    process.stdout.write(`${renderConsoleSummary(result, { color, width, reportPath })}\n`);
  }
  return exitCodeOf(result);
}

/** Shards of one run leave their reports side by side. */
const directoryFor = (file: string, shard: Shard | undefined): string =>
  [
    `out/${basename(file, '.toml')}`,
    ...(shard === undefined ? [] : [`shard-${shard.number}-of-${shard.of}`]),
  ].join('-');

function exitCodeOf({ verdict }: RunResult): number {
  switch (verdict) {
    case 'passed':
      return exitCodes.passed;
    case 'correctness-failed':
      return exitCodes.correctness;
    case 'performance-failed':
      return exitCodes.performance;
    case 'interrupted':
      return exitCodes.interrupted;
  }
}
