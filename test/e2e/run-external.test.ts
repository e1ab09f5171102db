import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EmulatorProcess, startEmulatorProcess } from '../support/emulator-process.ts';
import { createRigProgram, type RigProgram } from '../support/rig-program.ts';

const fleet =
  '[[fleet]]\ndevices = 6\nattestation = ["symmetric-key", "x509"]\nenrollment = ["individual", "group"]\n';

describe('dps-rig run against an emulator that runs already', () => {
  let emulator: EmulatorProcess;
  let rig: RigProgram;
  beforeEach(async () => {
    emulator = await startEmulatorProcess('--retry-after', '0', '--hub', 'only.example.net');
    rig = createRigProgram();
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
    await emulator[Symbol.asyncDispose]();
  });

  const scenario = (endpoint: string): string =>
    rig.scenario(`name = "elsewhere"\n[endpoint]\nkind = "external"\n${endpoint}\n${fleet}`);

  it('registers there again and again, judges each run alone, and takes its enrollments away', async () => {
    const before = await emulator.control.enrollments();
    const file = scenario(`managementUrl = "${emulator.managementUrl}"`);
    for (const times of [1, 2]) {
      const { exitCode, stdout, stderr } = await rig.run('run', file, '--out', rig.out);
      expect(exitCode, stdout + stderr).toBe(0);
      const { outcomes, endpoint } = rig.result();
      expect(outcomes.assigned).toBe(6);
      expect(endpoint).toMatchObject({ kind: 'external', idScope: emulator.idScope });
      const registrations = await emulator.control.registrations();
      expect(registrations.map(({ timesAssigned }) => timesAssigned)).toEqual(Array(6).fill(times));
      expect(new Set(registrations.map(({ assignedHub }) => assignedHub))).toEqual(
        new Set(['only.example.net']),
      );
    }
    expect(await emulator.control.enrollments()).toEqual(before);
  });

  it('exits with 3 and says what to start when nobody answers', async () => {
    const { exitCode, stderr } = await rig.run('run', scenario('managementUrl = "http://127.0.0.1:1"'));
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/http:\/\/127\.0\.0\.1:1 does not answer/);
    expect(stderr).toContain('dps-rig emulate');
  });

  it('shows the token that a management API asks for, and is told when it has none', async () => {
    const token = `${rig.temporary}/management-token`;
    await using guarded = await startEmulatorProcess('--management-token-file', token);
    const url = `managementUrl = "${guarded.managementUrl}"`;
    const refused = await rig.run('run', scenario(url), '--out', rig.out);
    expect(refused.exitCode).toBe(3);
    const letIn = await rig.run(
      'run',
      scenario(`${url}\nmanagementTokenFile = "${token}"`),
      '--out',
      rig.out,
    );
    expect(letIn.exitCode, letIn.stdout + letIn.stderr).toBe(0);
  });

  it.each(['managementUrl = "http://192.0.2.1:9180"', 'address = "192.0.2.1"'])(
    'sends nothing to another machine: %s',
    async (endpoint) => {
      const url = endpoint.startsWith('address') ? `managementUrl = "${emulator.managementUrl}"\n` : '';
      const { exitCode, stderr } = await rig.run('run', scenario(url + endpoint));
      expect(exitCode).toBe(2);
      expect(stderr).toContain('192.0.2.1 is not a loopback address');
      const named = await rig.run('run', scenario(url + endpoint), '--allow-endpoint', '192.0.2.1');
      expect(named.exitCode).toBe(2);
      expect(named.stderr).toContain('192.0.2.1 is not a private address');
    },
  );
});
