import type { Command } from 'commander';

/** What the options of {@link addContainerOptions} parse to. */
export interface ContainerOptions {
  readonly managementAddress?: string;
  readonly managementTokenFile?: string;
  readonly caFile?: string;
}

/** Adds what an emulator needs whose clients are in other containers: they reach neither its loopback nor its state. */
export function addContainerOptions(command: Command): Command {
  return command
    .option('--management-address <ip>', 'address of the management API (default: 127.0.0.1)')
    .option(
      '--management-token-file <file>',
      'bearer token of the management API; made when missing, for this user alone',
    )
    .option('--ca-file <file>', 'write the CA to trust there as well');
}
