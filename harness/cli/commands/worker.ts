import type { Command } from 'commander';
import { parseNatsUrl } from '../../scale-out/nats-url.ts';
import { workForCoordinator } from '../../scale-out/work-for-coordinator.ts';
import { exitCodes } from '../exit-codes.ts';
import { openInterrupts } from '../interrupts.ts';
import { parseCount } from '../parse-options.ts';

interface WorkerOptions {
  readonly nats: string;
  readonly natsCa?: string;
  readonly workers?: number;
  readonly allowEndpoint: readonly string[];
  readonly wait: number;
}

/** `dps-rig worker --nats URL`: takes part in the run of another machine until it ends. */
export function addWorkerCommand(program: Command): void {
  program
    .command('worker')
    .description('register ranges of a fleet for `dps-rig run --nats`, until the run has ended')
    .requiredOption('--nats <url>', 'nats://127.0.0.1:4222, or tls://[user:password@]host:port')
    .option('--nats-ca <file>', 'PEM of the roots to trust for tls:// URLs')
    .option('--workers <n>', 'this many worker threads (default: as the scenario says)', parseCount)
    .option(
      '--allow-endpoint <host>',
      'load may go from this machine to the emulator on this private host; may be repeated',
      (host: string, all: readonly string[]) => [...all, host],
      [],
    )
    .option('--wait <seconds>', 'how long a run is waited for', parseCount, 600)
    .action(async ({ nats, natsCa, workers, allowEndpoint, wait }: WorkerOptions) => {
      using interrupts = openInterrupts('devices under way may finish, then other workers get the rest');
      await workForCoordinator({
        address: await parseNatsUrl(nats, natsCa),
        allowedHosts: allowEndpoint,
        threads: workers,
        waitMs: wait * 1000,
        say: (line) => void process.stderr.write(`${line}\n`),
        signal: interrupts.signal,
      });
      if (interrupts.signal.aborted) process.exitCode = exitCodes.interrupted;
    });
}
