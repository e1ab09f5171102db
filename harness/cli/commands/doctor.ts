import type { Command } from 'commander';
import pc from 'picocolors';
import { describeMachine, examineMachine, type Finding } from '../../environment/doctor.ts';
import { exitCodes } from '../exit-codes.ts';

/** `dps-rig doctor`: what is installed, what each missing thing disables, and the command that fixes it. */
export function addDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('say what this machine has, what is missing, what that disables and how to fix it')
    .option('--json', 'print the findings as JSON')
    .action(async (options: { json?: true }) => {
      const findings = await examineMachine();
      process.stdout.write(
        options.json ? `${JSON.stringify(findings, null, 2)}\n` : renderFindings(findings),
      );
      if (findings.some(({ state }) => state === 'required')) process.exitCode = exitCodes.environment;
    });
}

/** In the manner of `iotedge check`: √ is there, ‼ is missing and optional, × is missing and required. */
export function renderFindings(findings: readonly Finding[]): string {
  const mark = { ok: pc.green('√'), optional: pc.yellow('‼'), required: pc.red('×') };
  const width = Math.max(...findings.map(({ name }) => name.length));
  const lines = findings.flatMap(({ name, state, detail, disables, fix }) => [
    `${mark[state]} ${name.padEnd(width)}  ${detail}`,
    ...(disables === undefined ? [] : [`    disables: ${disables}`]),
    ...(fix === undefined ? [] : [`    fix:      ${fix}`]),
  ]);
  return [describeMachine(), '', ...lines, ''].join('\n');
}
