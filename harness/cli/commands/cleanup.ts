import { rmSync } from 'node:fs';
import type { Command } from 'commander';
import { UsageError } from '../../../simulators/kernel/errors.ts';
import { openService, removeAll } from '../../environment/azure/azure-endpoint.ts';
import { readJournal } from '../../environment/azure/journal.ts';
import { openInterrupts } from '../interrupts.ts';
import { parseCount } from '../parse-options.ts';

interface CleanupOptions {
  readonly connectionStringVariable: string;
  readonly address?: string;
  readonly port?: number;
  readonly caFile?: string;
  readonly serviceOperationsPerMinute: number;
}

/** `dps-rig cleanup JOURNAL`: removes what a run that did not come to its end made at a real service. */
export function addCleanupCommand(program: Command): void {
  program
    .command('cleanup')
    .description('remove what a run made at a real service and did not come to remove')
    .argument('<journal>', 'the journal of the run: out/<scenario>/journal.jsonl')
    .option(
      '--connection-string-variable <name>',
      'environment variable with the connection string of the service API',
      'DPS_CONNECTION_STRING',
    )
    .option('--address <ip>', 'dialled in place of the host of the connection string')
    .option('--port <port>', 'of it', parseCount)
    .option('--ca-file <file>', 'PEM of the roots to trust')
    .option('--service-operations-per-minute <n>', 'quota; 80 % of it are used', parseCount, 1_000)
    .action(async (journal: string, options: CleanupOptions) => {
      const { hostName } = readJournal(journal);
      const service = await openService(
        { port: undefined, address: undefined, caFile: undefined, ...options },
        '.',
      );
      if (service.hostName !== hostName) {
        throw new UsageError(
          `the journal is of ${hostName}, the connection string is for ${service.hostName}`,
        );
      }
      using interrupts = openInterrupts();
      const removed = await removeAll(service, journal, interrupts.signal);
      rmSync(journal);
      process.stdout.write(`removed ${removed} enrollments, groups and registrations from ${hostName}\n`);
    });
}
