import { afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { findP11KitClient } from '../../simulators/containers/softhsm-container.ts';
import { createRigProgram, type RigProgram } from '../support/rig-program.ts';
import { docker, testLabel } from './docker.ts';

const fleet = `name = "backends"
[endpoint]
kind = "emulator"
retryAfterSeconds = 0
[tpm]
mode = "pooled"
poolSize = 4
[[fleet]]
devices = 16
attestation = "tpm"
transport = ["https", "amqp"]
[[fleet]]
devices = 4
attestation = "tpm"
fault = "ek-not-enrolled"
[[fleet]]
devices = 12
attestation = ["x509", "symmetric-key"]
keyStore = "softhsm"
transport = ["https", "mqtt"]
`;

/** So slow that it lasts until the container is gone. */
const slowFleet = `name = "a container dies"
[endpoint]
kind = "emulator"
retryAfterSeconds = 0
[load]
arrival = "constant-rate"
ratePerSecond = 20
[run]
rangeSize = 10
retryPolicy = "none"
[tpm]
backend = "container"
containers = 2
poolSize = 4
chip = "infineon-slb9670"
[[fleet]]
devices = 80
attestation = "tpm"
`;

const label = `${testLabel}-backends`;
const swtpmContainers = async (...format: readonly string[]): Promise<readonly string[]> => {
  const of = ['--filter', `label=dps-rig=${label}`, '--filter', 'ancestor=dps-rig/swtpm'];
  return (await docker('ps', ...of, '--format', '{{.Names}}', ...format)).split('\n').filter(Boolean);
};

describe.skipIf(inject('noContainers') !== '')(
  'a run whose TPMs, tokens and emulator are in containers',
  () => {
    let rig: RigProgram;
    beforeAll(() => {
      if (findP11KitClient() === undefined)
        process.stderr.write('containers: no p11-kit-client.so: no tokens\n');
    });
    beforeEach(() => {
      rig = createRigProgram({ environment: { DPS_RIG_LABEL: label } });
    });
    afterEach(async () => {
      await rig[Symbol.asyncDispose]();
      expect(await docker('ps', '--all', '--quiet', '--filter', `label=dps-rig=${label}`)).toBe('');
    });

    it.skipIf(findP11KitClient() === undefined)('comes to the same as one on processes', async () => {
      const file = rig.scenario(fleet);
      const ended = [];
      for (const backend of ['process', 'container']) {
        const { exitCode, stderr } = await rig.run('run', file, '--backend', backend, '--out', rig.out);
        const { cells, errors, checks, load } = rig.result();
        const outcomes = cells.map(({ name, devices, outcomes }) => ({ name, devices, outcomes }));
        const failed = checks.filter(({ passed }) => !passed);
        ended.push({ exitCode, stderr, load, comparable: { outcomes, errors, failed } });
      }
      const [processes, containers] = ended;
      expect(processes?.exitCode, processes?.stderr).toBe(0);
      expect(containers?.exitCode, containers?.stderr).toBe(0);
      expect(containers?.comparable).toEqual(processes?.comparable);
      expect(processes?.load.tpmMode).toBe('pooled');
      expect(containers?.load.tpmMode).toBe('pooled in 2 containers');
    });

    it('names the devices whose TPM was in a container that died, and registers the others', async () => {
      const running = rig.start('run', rig.scenario(slowFleet), '--out', rig.out);
      await running.says(/registering: [1-9]\d*\/80/);
      const [first = '', second = ''] = await swtpmContainers();
      expect(second).not.toBe('');
      await docker('kill', first);
      const { exitCode, stderr } = await running.ended;
      expect(exitCode, stderr).toBe(4);
      const { outcomes, errors, checks, load } = rig.result();
      expect(outcomes.assigned + outcomes.error).toBe(80);
      // Each thread had one of its swtpms there, with one flow at most; the others took what was to come.
      expect(outcomes.error).toBeGreaterThanOrEqual(1);
      expect(outcomes.error).toBeLessThanOrEqual(load.workers);
      expect(errors).toMatchObject([
        { code: 'TPM_LOST', message: `the TPM in container ${first} has gone`, count: outcomes.error },
      ]);
      expect(checks.find(({ name }) => name === 'no device is lost')?.passed).toBe(true);
    });
  },
);

describe.skipIf(inject('noContainers') !== '')('a run that cannot have its containers', () => {
  it('says which image is missing, and leaves nothing', async () => {
    await using rig = createRigProgram({ environment: { DPS_RIG_TAG: 'no-such-tag', DPS_RIG_LABEL: label } });
    const file = rig.scenario(slowFleet);
    const { exitCode, stderr } = await rig.run('run', file, '--out', rig.out);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/dps-rig\/swtpm:no-such-tag/);
    expect(stderr).toMatch(/npm run images/);
    expect(await docker('ps', '--all', '--quiet', '--filter', `label=dps-rig=${label}`)).toBe('');
  });
});
