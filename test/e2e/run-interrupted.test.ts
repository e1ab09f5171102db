import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import {
  createRigProgram,
  eventually,
  type RigProgram,
  type RunningProgram,
} from '../support/rig-program.ts';

/** 8 TPM devices at once, and a service that takes its time: a run that is still under way when it is looked at. */
const slow = `name = "slow"
[endpoint]
kind = "emulator"
retryAfterSeconds = 1
assigningDurationMs = 4000
[load]
arrival = "constant-concurrency"
concurrency = 8
[run]
workers = 2
rangeSize = 4
[tpm]
mode = "dedicated"
[[fleet]]
devices = 24
attestation = ["tpm", "x509", "symmetric-key"]
`;

describe('dps-rig run, interrupted', () => {
  let rig: RigProgram;
  afterEach(() => rig[Symbol.asyncDispose]());

  async function startSlowRun(): Promise<RunningProgram> {
    rig = createRigProgram();
    const running = rig.start('run', rig.scenario(slow), '--out', rig.out);
    await running.says(/^registering: /m);
    await eventually(() => rig.processes('swtpm').length > 0);
    return running;
  }

  it('lets devices under way finish at the first Ctrl-C, and reports in part', async () => {
    const { child, ended } = await startSlowRun();
    child.kill('SIGINT');
    const { exitCode, stderr } = await ended;
    expect(exitCode, stderr).toBe(130);
    const { verdict, outcomes, devices } = rig.result();
    expect(verdict).toBe('interrupted');
    expect(outcomes.assigned).toBeGreaterThan(0);
    expect(outcomes.aborted).toBeGreaterThan(0);
    expect(outcomes.assigned + outcomes.ended + outcomes.error + outcomes.aborted).toBe(devices);
    expect(readdirSync(rig.out).sort()).toEqual([
      'index.html',
      'junit.xml',
      'outcomes.tsv',
      'run-result.json',
      'summary.md',
    ]);
    expect(readdirSync(rig.temporary)).toEqual([]);
    expect(rig.processes('swtpm')).toEqual([]);
  });

  it('ends at once at the second Ctrl-C, and leaves nothing behind', async () => {
    const { child, ended, says } = await startSlowRun();
    child.kill('SIGINT');
    await says(/again to quit at once/);
    const secondAt = Date.now();
    child.kill('SIGINT');
    const { exitCode } = await ended;
    expect(exitCode).toBe(130);
    expect(Date.now() - secondAt).toBeLessThan(2_000);
    await eventually(() => rig.processes('swtpm').length === 0);
    await eventually(() => readdirSync(rig.temporary).length === 0);
  });

  it('leaves no TPM running and no file behind when it is killed', async () => {
    const { child, ended } = await startSlowRun();
    child.kill('SIGKILL');
    expect((await ended).signal).toBe('SIGKILL');
    await eventually(() => rig.processes('swtpm').length === 0);
    await eventually(() => readdirSync(rig.temporary).length === 0);
  });

  it('gives a device whose TPM died an error with a name, and goes on', async () => {
    const { ended } = await startSlowRun();
    const [victim] = rig.processes('swtpm');
    process.kill(victim ?? Number.NaN, 'SIGKILL');
    const { exitCode, stderr } = await ended;
    expect([0, 4], stderr).toContain(exitCode);
    const { outcomes, devices, errors } = rig.result();
    expect(outcomes.assigned + outcomes.error).toBe(devices);
    expect(outcomes.error).toBeLessThanOrEqual(1);
    for (const { code, message } of errors) {
      expect(code).toMatch(/^(TRANSPORT|TPM|ENVIRONMENT)/);
      expect(message).toMatch(/swtpm|TPM/);
    }
    expect(rig.processes('swtpm')).toEqual([]);
  });

  it.each([
    ['TPMs', 'devices = 60\nattestation = "tpm"', /^making TPMs: /m],
    ['credentials', 'devices = 20000\nattestation = "x509"', /^credentials: /m],
  ])('ends with one line while %s are made', async (_, fleet, preparing) => {
    rig = createRigProgram({ cache: 'own' });
    const { child, ended, says } = rig.start(
      'run',
      rig.scenario(`name = "large"\n[[fleet]]\n${fleet}\n`),
      '--out',
      rig.out,
    );
    await says(preparing);
    child.kill('SIGINT');
    const { exitCode, stderr } = await ended;
    expect(exitCode).toBe(130);
    expect(stderr).toContain('interrupted before a device had started');
    expect(stderr).not.toMatch(/^\s+at /m);
    await eventually(() => rig.processes('swtpm').length === 0);
    expect(readdirSync(rig.temporary)).toEqual([]);
  });
});
