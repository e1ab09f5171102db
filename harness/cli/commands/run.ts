import { basename } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { renderConsoleSummary, writeReports } from '../../../reports/index.ts';
import type { RunResult } from '../../../reports/run-result.ts';
import { makeDirectory } from '../../../simulators/kernel/make-directory.ts';
import { run } from '../../run.ts';
import { loadScenario } from '../../scenario/load-scenario.ts';
import type { Override } from '../../scenario/override.ts';
import { withDevices } from '../../scenario/resize.ts';
import { scenarioFileOf } from '../../scenario/scenario-file.ts';
import type { Scenario } from '../../scenario/scenario-schema.ts';
import { exitCodes } from '../exit-codes.ts';
import { openInterrupts } from '../interrupts.ts';
import { createProgressDisplay } from '../progress-display.ts';

interface RunCommandOptions {
  readonly devices?: number;
  readonly set: readonly Override[];
  readonly out?: string;
  readonly keylog?: string;
  readonly allowEndpoint: readonly string[];
  readonly quiet?: true;
}

/** Options that stand for keys of the scenario. */
interface ScenarioOptions {
  readonly seed: readonly Override[];
  readonly workers?: number;
  readonly proxy?: string;
}

/** `dps-rig run FILE`: registers the scenario's fleet, judges it and writes the reports. */
export function addRunCommand(program: Command): void {
  program
    .command('run')
    .description('register the fleet of a scenario, judge every device, write the reports')
    .argument('<scenario>', 'a TOML file, or a name in scenarios/: quickstart, failure/x509/leaf-only')
    .option('--devices <n>', 'this many devices in all, in the proportions of the scenario', parseCount)
    .option(
      '--seed <n>',
      'another seed',
      (text, all: readonly Override[]) => [...all, { path: 'seed', value: parseWhole(text, 0) }],
      [],
    )
    .option('--workers <n>', 'this many worker threads', parseCount)
    .option('--proxy <url>', 'HTTP proxy of every device: http://[user:password@]host:port')
    .option('--set <key=value>', 'sets a key of the scenario; may be repeated', collectOverride, [])
    .option('--out <directory>', 'where the reports go (default: out/<scenario>)')
    .option('--keylog <file>', 'write the TLS keys of the connections, for Wireshark and tshark')
    .option(
      '--allow-endpoint <host>',
      'load may go to the emulator on this private host, not only to loopback; may be repeated',
      (host: string, all: readonly string[]) => [...all, host],
      [],
    )
    .option('--quiet', 'no progress and no summary: the exit code and the reports tell')
    .action(async (given: string, options: RunCommandOptions & ScenarioOptions) => {
      const file = scenarioFileOf(given);
      const named = [
        { path: 'run.workers', value: options.workers },
        { path: 'run.proxy', value: options.proxy },
      ].filter(({ value }) => value !== undefined);
      const loaded = await loadScenario(file, [...options.set, ...options.seed, ...named]);
      const scenario = options.devices === undefined ? loaded : withDevices(loaded, options.devices);
      process.exitCode = await runAndReport(scenario, file, options);
    });
}

async function runAndReport(
  scenario: Scenario,
  file: string,
  { out, keylog, quiet, allowEndpoint }: RunCommandOptions,
): Promise<number> {
  using interrupts = openInterrupts();
  const directory = out ?? `out/${basename(file, '.toml')}`;
  makeDirectory(directory, 'the reports');
  using display = createProgressDisplay({ quiet: quiet ?? false });
  display.say([scenario.name, scenario.description].filter((part) => part !== '').join(': '));
  const { signal } = interrupts;
  const result = await run({
    scenario,
    scenarioFile: file,
    signal,
    onProgress: display.show,
    keyLogFile: keylog,
    allowedHosts: allowEndpoint,
  }).catch((error: unknown) => {
    if (signal.aborted) return undefined;
    throw error;
  });
  display[Symbol.dispose]();
  if (result === undefined) {
    process.stderr.write('dps-rig: interrupted before a device had started: there is nothing to report\n');
    return exitCodes.interrupted;
  }
  const written = await writeReports(result, directory);
  if (quiet === undefined) {
    const { isTTY, columns } = process.stdout;
    const color = isTTY && process.env['NO_COLOR'] === undefined;
    const width = isTTY ? Math.min(100, columns) : 100;
    const reportPath = written.find((path) => path.endsWith('.html')) ?? directory;
    process.stdout.write(`${renderConsoleSummary(result, { color, width, reportPath })}\n`);
  }
  return exitCodeOf(result);
}

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

const parseCount = (text: string): number => parseWhole(text, 1);

function parseWhole(text: string, least: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least)
    throw new InvalidArgumentError(`expected a whole number from ${least} on.`);
  return value;
}

function collectOverride(text: string, all: readonly Override[]): readonly Override[] {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('expected key=value, for example load.concurrency=8.');
  const written = text.slice(equals + 1);
  let value: unknown = written;
  try {
    value = JSON.parse(written);
  } catch {
    // a plain word: a string
  }
  return [...all, { path: text.slice(0, equals), value }];
}
