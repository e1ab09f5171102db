import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { spawnEmulator } from '../support/emulator-process.ts';
import { createRigProgram, type RigProgram } from '../support/rig-program.ts';

let rig: RigProgram;
beforeEach(() => {
  rig = createRigProgram();
});
afterEach(() => rig[Symbol.asyncDispose]());

const devices = (count: number): string =>
  `[[fleet]]\ndevices = ${count}\nattestation = "symmetric-key"\nenrollment = "group"\n`;

describe('an open loop', () => {
  /**
   * Devices are due evenly for 12.5 s, and the server stands still for 5 s of them. Who is due x seconds before it goes on
   * waits x seconds, so a share of (5 - t) / 12.5 waits longer than t: p(90) is 3.75 s, p(80) 2.5 s, p(60) nothing.
   */
  it('shows a server that stands still to every device that was due meanwhile', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'dps-rig-test-'));
    const { child, started } = await spawnEmulator('--state-dir', directory, '--retry-after', '0');
    const file = rig.scenario(
      `name = "stall"\n[endpoint]\nkind = "external"\nmanagementUrl = "${started.managementUrl}"\n` +
        `[load]\narrival = "constant-rate"\nratePerSecond = 16\n${devices(200)}`,
    );
    const running = rig.start('run', file, '--out', rig.out);
    await running.says(/registering/);
    await pause(3_000);
    child.kill('SIGSTOP');
    await pause(5_000);
    child.kill('SIGCONT');
    const { exitCode, stdout, stderr } = await running.ended;
    child.kill('SIGINT');
    await once(child, 'exit');
    await rm(directory, { recursive: true, force: true });
    expect(exitCode, stdout + stderr).toBe(0);
    const { total, lateness } = rig.result();
    const at = (wanted: number): number =>
      total.percentiles?.find(({ percentile }) => percentile === wanted)?.ms ?? Number.NaN;
    expect(at(100)).toBeGreaterThan(4_500);
    expect(at(90)).toBeGreaterThan(2_900);
    expect(at(90)).toBeLessThan(5_000);
    expect(at(50)).toBeLessThan(1_500);
    // The generator itself was not held up: it started devices while the server stood still.
    expect(lateness.p50Ms).toBeLessThan(1_000);
  });

  it('registers every device of steps, spikes and a Poisson process', async () => {
    const loads = [
      'arrival = "steps"\nsteps = [{ ratePerSecond = 40, seconds = 0.5 }, { ratePerSecond = 100, seconds = 1 }]',
      'arrival = "spike"\nratePerSecond = 40\nspikePerSecond = 200\nspikeAtSeconds = 0.2\nspikeSeconds = 0.2',
      'arrival = "poisson"\nratePerSecond = 100',
    ];
    for (const load of loads) {
      const file = rig.scenario(`name = "loads"\n[load]\n${load}\n${devices(60)}`);
      const { exitCode, stdout, stderr } = await rig.run('run', file, '--out', rig.out);
      expect(exitCode, stdout + stderr).toBe(0);
      expect(rig.result().outcomes.assigned).toBe(60);
    }
  });
});

describe('a run', () => {
  it('registers and judges the warm-up, and measures the rest', async () => {
    const file = rig.scenario(`name = "warm"\n[run]\nwarmUpDevices = 20\nrangeSize = 15\n${devices(60)}`);
    const { exitCode, stdout, stderr } = await rig.run('run', file, '--out', rig.out);
    expect(exitCode, stdout + stderr).toBe(0);
    const { outcomes, total, warmUpDevices, calibration } = rig.result();
    expect(outcomes.assigned).toBe(60);
    expect(total.count).toBe(40);
    expect(warmUpDevices).toBe(20);
    expect(calibration).toMatchObject({ devices: 1000, total: { count: 1000 } });
    expect(stdout).toContain('calibration:');
  });

  it('is ended by a threshold that says so, and accounts for every device', async () => {
    const file = rig.scenario(
      `name = "abort"\n[run]\nrangeSize = 10\n[load]\narrival = "constant-rate"\nratePerSecond = 20\n` +
        `[[fleet]]\ndevices = 400\nattestation = "symmetric-key"\nfault = "wrong-key"\n` +
        `[thresholds]\nerrors = { threshold = "rate < 10 %", abortOnFail = true, delayAbortEvalSeconds = 0.5 }\n`,
    );
    const { exitCode, stdout } = await rig.run('run', file, '--out', rig.out);
    expect(exitCode, stdout).toBe(5);
    const { outcomes, stoppedBy } = rig.result();
    expect(stoppedBy).toBe('errors: rate < 10 %');
    expect(outcomes.aborted).toBeGreaterThan(200);
    expect(outcomes.aborted + outcomes.error).toBe(400);
    expect(stdout).toContain('errors: rate < 10 %');
  });

  it('plans, splits and accounts for a fleet that goes to nobody', async () => {
    const file = rig.scenario(
      `name = "nobody"\n[endpoint]\nkind = "null"\n[[fleet]]\ndevices = 50_000\nattestation = ["tpm", "x509"]\nkeyStore = "swtpm"\n`,
    );
    const { exitCode, stdout, stderr } = await rig.run('run', file, '--out', rig.out);
    expect(exitCode, stdout + stderr).toBe(0);
    expect(rig.result().outcomes).toEqual({ assigned: 50_000, ended: 0, error: 0, aborted: 0 });
    expect(stdout).toContain('50000 of 50000 devices assigned');
  });
});
