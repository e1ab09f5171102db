import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createRigProgram } from '../support/rig-program.ts';

const clocks = fileURLToPath(new URL('../../scenarios/conformance/clocks.toml', import.meta.url));

it('devices fare as their clocks go: ahead, behind, set back, drifting', async () => {
  await using rig = createRigProgram();
  const { exitCode, stdout, stderr } = await rig.run('run', clocks, '--out', rig.out);
  expect(exitCode, stdout + stderr).toBe(0);
  const { diagnoses = [], outcomes } = rig.result();
  expect(outcomes).toMatchObject({ assigned: 6, error: 14 });
  expect(diagnoses.map(({ cause }) => cause)).toContain('clock-behind');
});

it('are read by nobody in an unmodified SDK, which the plan says', async () => {
  await using rig = createRigProgram();
  const scenario = rig.scenario(
    'name = "s"\n[[fleet]]\ndevices = 1\nattestation = "symmetric-key"\nclient = ["native", "azure-sdk"]\nclock = { aheadSeconds = 1 }\n',
  );
  const { exitCode, stdout } = await rig.run('validate', scenario);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('an unmodified SDK reads the clock of its process');
});
