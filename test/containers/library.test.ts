import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { findP11KitClient } from '../../simulators/containers/softhsm-container.ts';
import { createTestPki } from '../../simulators/index.ts';
import {
  DpsEmulator,
  DpsEmulatorContainer,
  SoftHsmContainer,
  SoftwareTpmContainer,
} from '../../testing/index.ts';
import { runVitestExample } from '../support/library-example.ts';
import { registerWithToken } from '../support/sdk-x509.ts';
import { docker, testLabel, until } from './docker.ts';

const run = promisify(execFile);

const noClient =
  findP11KitClient() === undefined ? 'p11-kit-client.so is missing: scripts/setup --containers' : '';
if (noClient !== '') process.stderr.write(`containers: tokens skipped: ${noClient}\n`);

describe.skipIf(inject('noContainers') !== '')('dps-rig/testing in containers', () => {
  beforeAll(() => {
    process.env['DPS_RIG_LABEL'] = testLabel;
  });

  it('has an emulator with all its settings, under the authority that it was given', async () => {
    const { bundle } = await createTestPki();
    await using dps = await new DpsEmulatorContainer()
      .withIdScope('0ne00ABCDEF')
      .withHubs('north.example')
      .withRule('throttled-retry-after', 'absent')
      .withProfile('strict')
      .withLatency('realistic', 7)
      .withQuotas({ registrationsPerMinute: 3 })
      .withRetryAfter(2)
      .withAssigningDuration(5)
      .withAuthority(bundle)
      .withEnrollments({
        registrationId: 'edge-01',
        attestation: {
          type: 'symmetricKey',
          symmetricKey: { primaryKey: Buffer.alloc(32).toString('base64') },
        },
      })
      .start();
    expect(dps).toMatchObject({ idScope: '0ne00ABCDEF', hubs: ['north.example'], caPem: bundle.rootPem });
    expect(await dps.control.info()).toMatchObject({
      profile: 'strict',
      latency: 'realistic',
      rules: { 'throttled-retry-after': 'absent' },
    });
    expect(await dps.control.enrollments()).toMatchObject([{ id: 'edge-01' }]);
    expect(await dps.registrations()).toEqual([]);
    await dps.reset();
    expect(await dps.control.enrollments()).toEqual([]);
  });

  it('has a TPM that tpm2-tools use, with the EK that was told', async () => {
    await using tpm = await new SoftwareTpmContainer().start();
    const { stdout } = await run('tpm2_readpublic', ['-T', tpm.tcti, '-c', '0x81010001']);
    const modulus = /rsa: ([0-9a-f]+)/.exec(stdout)?.[1] ?? 'none';
    expect(Buffer.from(tpm.endorsementKey, 'base64').toString('hex')).toContain(modulus);
    expect(tpm.registrationId).toMatch(/^[a-z2-7]{52}$/);
  });

  it.skipIf(noClient !== '')('has a token whose key the official SDK proves the device with', async () => {
    await using dps = await new DpsEmulator().start();
    using _trust = dps.trust();
    await using hsm = await new SoftHsmContainer().withRegistrationId('edge-01').start();
    await using other = await new SoftHsmContainer().withKeyAlgorithm('rsa-2048').start();
    await dps.enroll({ registrationId: 'edge-01', attestation: hsm.attestation });
    expect(await registerWithToken(dps, hsm)).toMatchObject({ deviceId: 'edge-01' });
    for (const { modulePath, environment, pin, registrationId } of [hsm, other]) {
      const { stdout } = await run(
        'pkcs11-tool',
        ['--module', modulePath, '--login', '--pin', pin, '--list-objects'],
        { env: { ...process.env, ...environment } },
      );
      expect(stdout).toContain(`CN=${registrationId}`);
      expect(stdout).toMatch(/Access: +sensitive, always sensitive, never extractable, local/);
    }
  });

  it('runs the example: the same test with DPS in this process and in a container', async () => {
    expect(await runVitestExample('container')).toMatch(/Tests +2 passed \(2\)/);
  });

  it('says how to get an image that is not there', async () => {
    await expect(new DpsEmulatorContainer('no-such-tag').start()).rejects.toMatchObject({
      code: 'ENVIRONMENT',
      hint: expect.stringContaining('npm run images') as string,
    });
  });

  it('tells what the emulator said when it does not start, and removes it', async () => {
    const refused = new DpsEmulatorContainer().withHubs('no-dot').start();
    await expect(refused).rejects.toMatchObject({
      code: 'ENVIRONMENT',
      lastLogLines: expect.arrayContaining([expect.stringContaining('no-dot')]) as string[],
    });
    expect(await containers()).toEqual([]);
  });

  it('leaves no container behind when the process is killed', async () => {
    const script = `
      const { SoftwareTpmContainer } = await import('dps-rig/testing');
      await new SoftwareTpmContainer().start();
      console.log('started');`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit');
    await Promise.race([once(createInterface(child.stdout), 'line'), ended]);
    expect(await containers()).toHaveLength(1);
    child.kill('SIGKILL');
    await ended;
    await until(async () => (await containers()).length === 0, 'the end of the container');
  });
});

/** Those of the library. */
async function containers(): Promise<readonly string[]> {
  const listed = await docker('ps', '--all', '--quiet', '--filter', `label=dps-rig=${testLabel}`);
  return listed.split('\n').filter((id) => id !== '');
}
