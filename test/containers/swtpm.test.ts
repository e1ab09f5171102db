import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { createLabelled, docker, healthy, runContainer, startContainer, until } from './docker.ts';

describe.skipIf(inject('noContainers') !== '')('the image swtpm', () => {
  let network: Awaited<ReturnType<typeof createLabelled>>;
  let states: Awaited<ReturnType<typeof createLabelled>>;
  beforeEach(async () => {
    network = await createLabelled('network');
    states = await createLabelled('volume');
  });
  afterEach(async () => {
    await states[Symbol.asyncDispose]();
    await network[Symbol.asyncDispose]();
  });

  const startTpms = async (count: number) => {
    const tpms = await startContainer(
      ...['--network', network.name, '--network-alias', 'tpms', '--volume', `${states.name}:/tpm`],
      ...['--env', `TPM_COUNT=${count}`, 'dps-rig/swtpm'],
    );
    await healthy(tpms.id);
    return tpms;
  };
  /** Runs tpm2-tools in another container on the TPM with that number. */
  const use = async (index: number, script: string): Promise<string> => {
    const tcti = `TPM2TOOLS_TCTI=swtpm:host=tpms,port=${2321 + 2 * index}`;
    const { exitCode, stdout, stderr } = await runContainer(
      ...['--network', network.name, '--env', tcti, 'dps-rig/tools', 'sh', '-ec', script],
    );
    expect(exitCode, stdout + stderr).toBe(0);
    return stdout;
  };
  const endorsementKey =
    'tpm2_createek --ek-context ek.ctx --key-algorithm rsa --public ek.pub; sha256sum <ek.pub';

  it('gives every index a TPM of its own, which tpm2-tools use from another container', async () => {
    await using _tpms = await startTpms(3);
    const keys = await Promise.all([0, 1, 2].map((index) => use(index, endorsementKey)));
    expect(new Set(keys).size).toBe(3);
  });

  it('keeps what a TPM keeps on the volume, from one container to the next', async () => {
    const make =
      'tpm2_createprimary --hierarchy o --key-context p.ctx; tpm2_evictcontrol --object-context p.ctx 0x81000001';
    const read = 'tpm2_readpublic --object-context 0x81000001 --output key.pub; sha256sum <key.pub';
    let before = '';
    {
      await using _tpms = await startTpms(2);
      await use(1, `${make} >log || { cat log; exit 1; }`);
      before = await use(1, read);
    }
    await using _again = await startTpms(2);
    expect((await use(1, read)).split('\n').at(-2)).toBe(before.split('\n').at(-2));
  });

  it('starts a TPM again that has ended', async () => {
    await using tpms = await startTpms(2);
    // No `pgrep` in an image so small.
    const kill =
      'cd /proc; for p in [0-9]*; do grep -qs ^swtpm $p/comm && grep -q port=2323 $p/cmdline && kill -9 $p; done';
    await docker('exec', tpms.id, 'sh', '-c', `${kill}; true`);
    await until(async () => (await docker('logs', tpms.id)).includes('TPM 1 ended with 137'), 'TPM 1 again');
    await docker('exec', tpms.id, '/usr/local/lib/dps-rig/healthcheck.sh');
    expect(await use(1, 'tpm2_getrandom --hex 8')).toMatch(/^[0-9a-f]{16}$/);
  });

  it('refuses a count that is none', async () => {
    const { exitCode, stderr } = await runContainer('--env', 'TPM_COUNT=many', 'dps-rig/swtpm');
    expect(exitCode).toBe(2);
    expect(stderr).toContain('TPM_COUNT=many');
  });
});
