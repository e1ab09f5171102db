#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import {
  ConfigError,
  EnvironmentError,
  RigError,
  ScenarioError,
  toError,
  UsageError,
} from '../../simulators/kernel/errors.ts';
import { addCheckCommand } from './commands/check.ts';
import { addCleanupCommand } from './commands/cleanup.ts';
import { addConformanceCommand } from './commands/conformance.ts';
import { addDeviceCommand } from './commands/device.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addEmulateCommand } from './commands/emulate.ts';
import { addExplainCommand } from './commands/explain.ts';
import { addHsmCommand } from './commands/hsm.ts';
import { addListCommand } from './commands/list.ts';
import { addMergeCommand } from './commands/merge.ts';
import { addReplayCommand } from './commands/replay.ts';
import { addRunCommand } from './commands/run.ts';
import { addStateCommands } from './commands/state.ts';
import { addTpmCommand } from './commands/tpm.ts';
import { addTraceCommand } from './commands/trace.ts';
import { addValidateCommand } from './commands/validate.ts';
import { addWorkerCommand } from './commands/worker.ts';
import { exitCodes } from './exit-codes.ts';

/** The `dps-rig` program: one file in commands/ for each command. */
function createProgram(): Command {
  const program = new Command('dps-rig')
    .description(
      'Simulated TPM and HSM devices, a Device Provisioning Service that verifies, and a harness that measures and judges.',
    )
    .showHelpAfterError()
    .exitOverride();
  addRunCommand(program);
  addReplayCommand(program);
  addTraceCommand(program);
  addMergeCommand(program);
  addWorkerCommand(program);
  addDeviceCommand(program);
  addConformanceCommand(program);
  addCleanupCommand(program);
  addValidateCommand(program);
  addEmulateCommand(program);
  addStateCommands(program);
  addTpmCommand(program);
  addHsmCommand(program);
  addListCommand(program);
  addExplainCommand(program);
  addCheckCommand(program);
  addDoctorCommand(program);
  return program;
}

function exitCodeOf(error: Error): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.passed : exitCodes.usage;
  if (error instanceof ScenarioError || error instanceof ConfigError || error instanceof UsageError) {
    return exitCodes.usage;
  }
  if (error instanceof EnvironmentError) return exitCodes.environment;
  return exitCodes.bug;
}

function explain(error: Error): string {
  if (!(error instanceof RigError)) return error.stack ?? error.message;
  const log = error instanceof EnvironmentError ? error.lastLogLines.map((line) => `  | ${line}`) : [];
  const device =
    error instanceof ConfigError && error.daemonSays !== undefined
      ? [`the device itself says: ${error.daemonSays}`]
      : [];
  const hint = error.hint === undefined ? [] : [`hint: ${error.hint}`];
  return [`dps-rig: ${error.message}`, ...log, ...device, ...hint].join('\n');
}

try {
  await createProgram().parseAsync();
} catch (thrown) {
  const error = toError(thrown);
  if (!(error instanceof CommanderError)) process.stderr.write(`${explain(error)}\n`);
  process.exitCode = exitCodeOf(error);
}
