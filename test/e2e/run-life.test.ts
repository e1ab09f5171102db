import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRigProgram, type EndedProgram, type RigProgram } from '../support/rig-program.ts';

/** The whole program: IoT Edge devices of every release live, each with a disk and security hardware of its own. */
describe('dps-rig run scenarios/platforms/device-life.toml', () => {
  let rig: RigProgram;
  let ended: EndedProgram;

  beforeAll(async () => {
    rig = createRigProgram();
    ended = await rig.run(
      'run',
      fileURLToPath(new URL('../../scenarios/platforms/device-life.toml', import.meta.url)),
      '--out',
      rig.out,
    );
  }, 120_000);
  afterAll(() => rig[Symbol.asyncDispose]());

  it('has every release boot, restart and reprovision with every attestation', () => {
    expect(ended).toMatchObject({ exitCode: 0 });
    const { outcomes, devices, cells } = rig.result();
    expect(outcomes).toMatchObject({ assigned: devices, ended: 0, error: 0 });
    const lived = cells.filter((cell) => cell.devices > 0);
    expect(new Set(lived.map(({ platform, version }) => `${platform} ${version}`)).size).toBe(10);
    expect(new Set(lived.map(({ attestation }) => attestation)).size).toBe(3);
  });

  it('has the oracle count how often each version asked DPS, and read what $edgeAgent reported', () => {
    const { checks, devices } = rig.result();
    const ofLives = checks.filter(({ name }) => /asked DPS|reported the platform/.test(name));
    expect(ofLives).toMatchObject([
      { passed: true, actual: `${devices} devices` },
      { passed: true, actual: `${devices} devices` },
    ]);
  });
});
