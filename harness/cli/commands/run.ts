import { type Command, Option } from 'commander';
import { UsageError } from '../../../simulators/kernel/errors.ts';
import { describeDryRun } from '../../environment/azure/dry-run.ts';
import { parseShard, type Shard } from '../../plan/shards.ts';
import { parseNatsUrl } from '../../scale-out/nats-url.ts';
import { loadScenario } from '../../scenario/load-scenario.ts';
import type { Override } from '../../scenario/override.ts';
import { withDevices } from '../../scenario/resize.ts';
import { scenarioFileOf } from '../../scenario/scenario-file.ts';
import { collectOverride, parseCount, parseWhole } from '../parse-options.ts';
import { type RunAndReportOptions, runAndReport } from '../run-and-report.ts';
import { addFaultOrder, type FaultOrder, withFaultOrders } from './fault-option.ts';

interface RunCommandOptions {
  readonly devices?: number;
  readonly set: readonly Override[];
  readonly out?: string;
  readonly keylog?: string;
  readonly allowEndpoint: readonly string[];
  readonly consent?: true;
  readonly dryRun?: true;
  readonly shard?: Shard;
  readonly nats?: string;
  readonly natsCa?: string;
  readonly natsWorkers: number;
  readonly natsWait: number;
  readonly lease: number;
  readonly quiet?: true;
}

/** Options that stand for keys of the scenario. */
interface ScenarioOptions {
  readonly seed: readonly Override[];
  readonly workers?: number;
  readonly fault: readonly FaultOrder[];
  readonly proxy?: string;
  readonly backend?: 'process' | 'container';
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
      'besides those of the scenario: dps.throttle=20%, delay,ms=500,on=poll, or of devices: tpm.hangs, wrong-key=5%; may be repeated',
      addFaultOrder,
      [],
    )
    .addOption(
      new Option('--backend <where>', 'where TPMs, tokens and emulator of the run run').choices([
        'process',
        'container',
      ]),
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
    .option('--consent', 'agree to load on the real service that --allow-endpoint names')
    .option(
      '--shard <i/n>',
      'only this part of the fleet; put the results together with `dps-rig merge`',
      parseShard,
    )
    .option('--nats <url>', 'workers on other machines register the fleet: see `dps-rig worker`')
    .option('--nats-ca <file>', 'PEM of the roots to trust for tls:// URLs')
    .option('--nats-workers <n>', 'start when so many have come', parseCount, 1)
    .option('--nats-wait <seconds>', 'how long they are waited for', parseCount, 600)
    .option('--lease <seconds>', 'how long a range stays with a worker that says nothing', parseCount, 30)
    .option('--dry-run', 'say what a run at a real service would take of it, and send nothing')
    .option('--quiet', 'no progress and no summary: the exit code and the reports tell')
    .action(async (given: string, options: RunCommandOptions & ScenarioOptions) => {
      const file = scenarioFileOf(given);
      const named = [
        { path: 'run.workers', value: options.workers },
        { path: 'run.proxy', value: options.proxy },
      ].filter(({ value }) => value !== undefined);
      const overrides = [...options.set, ...options.seed, ...named];
      const loaded = await loadScenario(file, [
        ...overrides,
        ...(options.backend === undefined ? [] : await backendOf(file, overrides, options.backend)),
      ]);
      const scenario = options.devices === undefined ? loaded : withDevices(loaded, options.devices);
      if (options.dryRun === true) {
        process.stdout.write(`${(await describeDryRun(scenario, file)).join('\n')}\n`);
        return;
      }
      const { out, quiet, keylog, allowEndpoint, consent, shard } = options;
      const nats = await coordinationOf(options);
      const { exitCode } = await runAndReport(withFaultOrders(scenario, options.fault), file, {
        ...{
          out,
          quiet,
          shard,
          nats,
          keyLogFile: keylog,
          allowedHosts: allowEndpoint,
          consent: consent ?? false,
        },
      });
      process.exitCode = exitCode;
    });
}

/** All layers that the scenario has: an emulator that runs already stays where it is. */
async function backendOf(
  file: string,
  overrides: readonly Override[],
  value: 'process' | 'container',
): Promise<readonly Override[]> {
  const { endpoint } = await loadScenario(file, overrides);
  return [
    { path: 'tpm.backend', value },
    { path: 'hsm.backend', value },
    ...(endpoint.kind === 'emulator'
      ? [
          { path: 'endpoint.kind', value: 'emulator' },
          { path: 'endpoint.backend', value },
        ]
      : []),
  ];
}

/** @throws UsageError when the fleet is to be spread in two ways, or its keys would go over the network in the clear */
async function coordinationOf({
  nats,
  natsCa,
  natsWorkers,
  natsWait,
  lease,
  shard,
}: RunCommandOptions): Promise<RunAndReportOptions['nats']> {
  if (nats === undefined) return undefined;
  if (shard !== undefined)
    throw new UsageError('--shard and --nats are two ways to spread a fleet: give one');
  const address = await parseNatsUrl(nats, natsCa);
  return { address, workers: natsWorkers, waitMs: natsWait * 1000, leaseMs: lease * 1000 };
}
