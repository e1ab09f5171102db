import { type Command, InvalidArgumentError } from 'commander';
import type { ServiceFault } from '../../../simulators/index.ts';
import { UsageError } from '../../../simulators/kernel/errors.ts';
import { loadScenario } from '../../scenario/load-scenario.ts';
import type { Override } from '../../scenario/override.ts';
import { withDevices } from '../../scenario/resize.ts';
import { scenarioFileOf } from '../../scenario/scenario-file.ts';
import type { Scenario } from '../../scenario/scenario-schema.ts';
import { parseCount, parseWhole } from '../parse-options.ts';
import { runAndReport } from '../run-and-report.ts';
import { addFault } from './fault-option.ts';

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
  readonly fault: readonly ServiceFault[];
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
    .option(
      '--fault <fault>',
      'a fault of the service besides those of the scenario: throttle=20%, delay,ms=500,on=poll; may be repeated',
      addFault,
      [],
    )
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
      const { out, quiet, keylog, allowEndpoint } = options;
      const { exitCode } = await runAndReport(withFaults(scenario, options.fault), file, {
        ...{ out, quiet, keyLogFile: keylog, allowedHosts: allowEndpoint },
      });
      process.exitCode = exitCode;
    });
}

/** @throws UsageError when there is no emulator that could be ordered */
function withFaults(scenario: Scenario, faults: readonly ServiceFault[]): Scenario {
  if (faults.length === 0) return scenario;
  const { endpoint } = scenario;
  if (endpoint.kind !== 'emulator') {
    throw new UsageError('--fault is for runs with an emulator of their own', {
      hint: 'Give --fault to `dps-rig emulate`, or PUT /faults to its management API.',
    });
  }
  return { ...scenario, endpoint: { ...endpoint, faults: [...(endpoint.faults ?? []), ...faults] } };
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
