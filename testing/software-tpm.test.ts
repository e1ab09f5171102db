import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { openScratchDirectory } from '../simulators/index.ts';
import { expectNoChildProcessLeft } from '../simulators/processes/testing/child-processes.ts';
import { SoftwareTpm } from './software-tpm.ts';

const run = promisify(execFile);

describe('SoftwareTpm', () => {
  afterEach(expectNoChildProcessLeft);

  it('is a TPM that tpm2-tools use by its TCTI string, with the EK that was told', async () => {
    await using tpm = await new SoftwareTpm().start();
    await using scratch = await openScratchDirectory({ name: 'testing-tpm' });
    const file = join(scratch.path, 'ek.pub');
    await run('tpm2_readpublic', ['-T', tpm.tcti, '-c', '0x81010001', '-o', file]);
    expect((await readFile(file)).toString('base64')).toBe(tpm.endorsementKey);
    expect(tpm.registrationId).toMatch(/^[a-z2-7]{52}$/);
    expect(tpm.attestation).toEqual({ type: 'tpm', tpm: { endorsementKey: tpm.endorsementKey } });
    const { host, port } = tpm.simulatorSocket;
    const { stdout } = await run('tpm2_getrandom', ['-T', `mssim:host=${host},port=${port}`, '--hex', '8']);
    expect(stdout).toMatch(/^[0-9a-f]{16}$/);
    expect(tpm.tcti).toBe(`swtpm:host=127.0.0.1,port=${tpm.commandSocket.port}`);
  });

  it('is another one at each start, unless it has a file to keep its state in', async () => {
    await using scratch = await openScratchDirectory({ name: 'testing-tpm' });
    const kept = new SoftwareTpm().withStateFile(join(scratch.path, 'tpm.state'));
    const ids: string[] = [];
    for (const tpm of [kept, kept, new SoftwareTpm(), new SoftwareTpm()]) {
      await using started = await tpm.start();
      ids.push(started.registrationId);
    }
    expect(ids[0]).toBe(ids[1]);
    expect(new Set(ids).size).toBe(3);
  });

  it('is of use where it is to be as slow as a chip, too', async () => {
    await using tpm = await new SoftwareTpm().withChip('infineon-slb9670').start();
    const { stdout } = await run('tpm2_getrandom', ['-T', tpm.tcti, '--hex', '8']);
    expect(stdout).toMatch(/^[0-9a-f]{16}$/);
  });
});
