import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startEmulatorProcess } from '../support/emulator-process.ts';
import { createRigProgram, type RigProgram } from '../support/rig-program.ts';

const OF = 3;
const numbers = Array.from({ length: OF }, (_, index) => index + 1);
const mixed = `[[fleet]]
devices = 27
attestation = ["symmetric-key", "x509", "tpm"]
enrollment = ["individual", "group"]
`;

describe('dps-rig run --shard and dps-rig merge', () => {
  let rig: RigProgram;
  beforeEach(() => {
    rig = createRigProgram();
  });
  afterEach(() => rig[Symbol.asyncDispose]());

  const runShard = (file: string, number: number) =>
    rig.run('run', file, '--shard', `${number}/${OF}`, '--out', join(rig.out, `shard-${number}`), '--quiet');
  const merge = (...shards: readonly number[]) =>
    rig.run('merge', ...shards.map((number) => join(rig.out, `shard-${number}`)), '--out', rig.out);

  it('register a fleet at one emulator at the same time, each device once', async () => {
    await using emulator = await startEmulatorProcess('--retry-after', '0');
    const endpoint = `[endpoint]\nkind = "external"\nmanagementUrl = "${emulator.managementUrl}"\n`;
    const load = '[load]\narrival = "constant-concurrency"\nconcurrency = 9\n';
    const file = rig.scenario(
      `name = "shards"\n${endpoint}${load}${mixed}[thresholds]\nassigned = "count >= 27"\n`,
    );
    const ended = await Promise.all(numbers.map((number) => runShard(file, number)));
    // A shard alone has not the 27 devices of the threshold: the exit code for that.
    expect(ended.map(({ exitCode, stderr }) => [exitCode, stderr])).toEqual(numbers.map(() => [5, '']));

    const { exitCode, stdout } = await merge(...numbers);
    expect(exitCode, stdout).toBe(0);
    const result = rig.result();
    expect(result).toMatchObject({ devices: 27, verdict: 'passed', total: { count: 27 } });
    expect(result.outcomes).toEqual({ assigned: 27, ended: 0, error: 0, aborted: 0 });
    expect(result.load.arrival).toBe('constant concurrency 9');
    expect(result.checks.find(({ name }) => name === 'no device is lost')?.actual).toBe(
      '27 of 27 devices assigned',
    );
    const registrations = await emulator.control.registrations();
    expect(registrations).toHaveLength(27);
    expect(registrations.every(({ timesAssigned }) => timesAssigned === 1)).toBe(true);
  });

  it('fail together when one shard is missing, and refuse what does not belong together', async () => {
    const file = rig.scenario(`name = "shards"\n[endpoint]\nkind = "null"\n${mixed}`);
    for (const number of numbers) expect((await runShard(file, number)).exitCode).toBe(0);
    const incomplete = await merge(1, 3);
    expect(incomplete.exitCode).toBe(4);
    expect(incomplete.stdout).toContain('are in no shard');

    await rig.run('run', file, '--seed', '8', '--shard', '2/3', '--out', join(rig.out, 'shard-2'), '--quiet');
    const mixedUp = await merge(...numbers);
    expect(mixedUp.exitCode).toBe(2);
    expect(mixedUp.stderr).toContain('not of the same run: seed');
  });

  it.each(['4/3', 'second'])('is refused for a part %s', async (part) => {
    const { exitCode, stderr } = await rig.run('run', 'quickstart', '--shard', part);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('--shard 2/5');
  });
});
