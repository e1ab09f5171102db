import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRigProgram, type RigProgram } from '../support/rig-program.ts';

const scenarios = fileURLToPath(new URL('../../scenarios', import.meta.url));
const quick = 'name = "quick"\n[endpoint]\nkind = "emulator"\nretryAfterSeconds = 0\n';
const load = '[load]\narrival = "constant-concurrency"\nconcurrency = 50\n';
const mixed = `${quick}${load}[[fleet]]\ndevices = 12\nattestation = ["symmetric-key", "x509", "tpm"]\n`;

describe('dps-rig run', () => {
  let rig: RigProgram;
  beforeEach(() => {
    rig = createRigProgram();
  });
  afterEach(() => rig[Symbol.asyncDispose]());

  it('registers a fleet, judges it, writes all reports and leaves nothing else behind', async () => {
    const { exitCode, stdout, stderr } = await rig.run('run', rig.scenario(mixed), '--out', rig.out);
    expect(exitCode, stderr).toBe(0);
    expect(readdirSync(rig.out).toSorted()).toEqual([
      'index.html',
      'junit.xml',
      'outcomes.tsv',
      'run-result.json',
      'summary.md',
    ]);
    expect(stdout).toContain('12 of 12 devices assigned');
    const result = rig.result();
    expect(result.verdict).toBe('passed');
    expect(result.outcomes).toEqual({ assigned: 12, ended: 0, error: 0, aborted: 0 });
    const oracle = result.checks.filter(({ kind }) => kind === 'oracle');
    expect(oracle.map(({ name }) => name)).toContain('no device is lost');
    expect(oracle.every(({ passed }) => passed)).toBe(true);
    expect(readdirSync(rig.temporary)).toEqual([]);
    expect(rig.processes('swtpm')).toEqual([]);
  });

  it('ends right after its last device, with no timer left to wait for', async () => {
    const scenario = rig.scenario(`${quick}[[fleet]]\ndevices = 4\nattestation = "symmetric-key"\n`);
    const { exitCode } = await rig.run('run', scenario, '--out', rig.out, '--quiet');
    const endedAt = Date.now();
    expect(exitCode).toBe(0);
    const { startedAt, preparationMs, durationMs } = rig.result();
    const lastDeviceAt = Date.parse(startedAt) + preparationMs + durationMs;
    expect(endedAt - lastDeviceAt).toBeLessThan(2_000);
  });

  it('says nothing when it is to be quiet', async () => {
    const scenario = rig.scenario(`${quick}[[fleet]]\ndevices = 2\nattestation = "x509"\n`);
    const { stdout, stderr } = await rig.run('run', scenario, '--out', rig.out, '--quiet');
    expect([stdout, stderr]).toEqual(['', '']);
  });

  it('exits with 2 and the line of the mistake when the scenario is invalid', async () => {
    const file = rig.scenario('name = "s"\n[[fleet]]\ndevices = 1\nattestation = "tmp"\n');
    const { exitCode, stderr } = await rig.run('run', file, '--out', rig.out);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`${file}:4: fleet.0.attestation:`);
    expect(stderr).toContain('did you mean "tpm"?');
    expect(existsSync(rig.out)).toBe(false);
  });

  it('exits with 4 when devices end otherwise than expected', async () => {
    const file = rig.scenario(
      `${quick}[[fleet]]\ndevices = 2\nattestation = "x509"\nexpect = { result = "disabled" }\n`,
    );
    const { exitCode } = await rig.run('run', file, '--out', rig.out);
    expect(exitCode).toBe(4);
    expect(rig.result().verdict).toBe('correctness-failed');
    expect(rig.result().checks.filter(({ passed }) => !passed)).toMatchObject([
      { kind: 'expectation', actual: '0 of 2' },
    ]);
  });

  it('exits with 5 when only a threshold is missed', async () => {
    const file = rig.scenario(
      `${quick}[thresholds]\ntotal = "p(95) < 0.001"\n[[fleet]]\ndevices = 2\nattestation = "x509"\n`,
    );
    const { exitCode } = await rig.run('run', file, '--out', rig.out);
    expect(exitCode).toBe(5);
    expect(rig.result().verdict).toBe('performance-failed');
  });

  it.each(['https', 'https-refusals'])('passes the scenario conformance/%s', async (name) => {
    const file = join(scenarios, 'conformance', `${name}.toml`);
    const { exitCode, stdout } = await rig.run('run', file, '--out', rig.out);
    expect(exitCode, stdout).toBe(0);
  });

  it.each([
    'arrival = "all-at-once"',
    'arrival = "constant-rate"\nratePerSecond = 40',
    'arrival = "ramp"\nfromPerSecond = 10\ntoPerSecond = 60\nrampSeconds = 1',
  ])('registers everybody with %j', async (load) => {
    const file = rig.scenario(
      `${quick}[load]\n${load}\n[run]\nrangeSize = 5\n[[fleet]]\ndevices = 20\nattestation = ["symmetric-key", "x509"]\n`,
    );
    const { exitCode, stderr } = await rig.run('run', file, '--out', rig.out);
    expect(exitCode, stderr).toBe(0);
    expect(rig.result().outcomes.assigned).toBe(20);
  });

  it('registers the same devices whatever the number of workers', async () => {
    const file = rig.scenario(
      `${quick}[run]\nrangeSize = 3\n[[fleet]]\ndevices = 12\nattestation = ["symmetric-key", "x509"]\nfault = "wrong-key"\n`,
    );
    const seen = [];
    for (const workers of ['1', '4']) {
      const { exitCode } = await rig.run('run', file, '--out', rig.out, '--workers', workers);
      expect(exitCode).toBe(0);
      const { cells, load, errors } = rig.result();
      expect(load.workers).toBe(Number(workers));
      // Refusals carry registration ids, in the order of the plan.
      expect(errors.flatMap(({ examples }) => examples)).toHaveLength(10);
      seen.push({ errors, cells: cells.map(({ name, devices, outcomes }) => ({ name, devices, outcomes })) });
    }
    expect(seen[1]).toEqual(seen[0]);
  });

  it('takes devices, seed and keys from the command line', async () => {
    const { exitCode, stderr } = await rig.run(
      ...['run', rig.scenario(`${quick}${load}[[fleet]]\ndevices = 500\nattestation = "symmetric-key"\n`)],
      ...['--out', rig.out, '--devices', '3', '--seed', '42'],
      ...['--set', 'name=renamed', '--set', 'load.concurrency=2'],
    );
    expect(exitCode, stderr).toBe(0);
    const { devices, scenario, ...result } = rig.result();
    expect(devices).toBe(3);
    expect(scenario).toMatchObject({ name: 'renamed', seed: 42 });
    expect(result.load.arrival).toBe('constant concurrency 2');
  });

  it.each([
    [['--set', 'load.concurrency'], /expected key=value/],
    [
      ['--set', 'load.concurency=4'],
      /load\.concurency: is not a key of this table; did you mean "concurrency"\?/,
    ],
    [['--set', 'run.workers=lots'], /run\.workers: .*"lots" \(on the command line\)/],
    [['--set', 'fleet.5.devices=1'], /there is no element 5/],
    [['--devices', '0'], /expected a whole number from 1 on/],
    [['--seed', 'x'], /expected a whole number/],
    [['--workers', '2.5'], /expected a whole number from 1 on/],
    [['--colour'], /unknown option/],
  ])('exits with 2 and says why on %j', async (args, says) => {
    const { exitCode, stderr } = await rig.run('run', rig.scenario(mixed), '--out', rig.out, ...args);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(says);
    expect(existsSync(rig.out)).toBe(false);
  });

  it('takes 0 for a seed, as a scenario does', async () => {
    const file = rig.scenario(`${quick}[[fleet]]\ndevices = 1\nattestation = "symmetric-key"\n`);
    expect((await rig.run('run', file, '--out', rig.out, '--seed', '0')).exitCode).toBe(0);
    expect(rig.result().scenario.seed).toBe(0);
    expect(readFileSync(join(rig.out, 'summary.md'), 'utf8')).toContain('quick');
  });
});
