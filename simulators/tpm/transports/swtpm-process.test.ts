import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../kernel/bytes.ts';
import { openScratchDirectory } from '../../processes/scratch-directory.ts';
import { openSwtpmProcess } from './swtpm-process.ts';

const getRandom = fromHex('80010000000c0000017b0014');
const responseCode = (response: Uint8Array): string => toHex(response.subarray(6, 10));

describe('openSwtpmProcess', () => {
  it('gives a TPM that has been started and answers', async () => {
    await using tpm = await openSwtpmProcess();
    const response = await tpm.send(getRandom);
    expect(responseCode(response)).toBe('00000000');
    expect(response).toHaveLength(32);
  });

  it('leaves neither process nor directory behind', async () => {
    const tpm = await openSwtpmProcess();
    expect(existsSync(tpm.stateDirectory)).toBe(true);
    await tpm.close();
    await tpm.exited;
    expect(existsSync(tpm.stateDirectory)).toBe(false);
    expect(existsSync(`/proc/${tpm.pid}`)).toBe(false);
  });

  it('keeps the state in a directory that the caller gave', async () => {
    await using scratch = await openScratchDirectory({ name: 'test' });
    {
      await using tpm = await openSwtpmProcess({ stateDirectory: scratch.path });
      expect((await tpm.getState()).length).toBeGreaterThan(1000);
    }
    expect(existsSync(`${scratch.path}/tpm2-00.permall`)).toBe(true);
  });

  it('says what swtpm said when it does not start', async () => {
    await using first = await openSwtpmProcess();
    // Its directory is locked: two processes on one state would make it two TPMs.
    const second = openSwtpmProcess({ stateDirectory: first.stateDirectory });
    await expect(second).rejects.toMatchObject({
      code: 'ENVIRONMENT',
      component: 'swtpm',
      lastLogLines: expect.arrayContaining([expect.stringContaining('lock')]) as unknown,
    });
    expect(await first.send(getRandom)).toHaveLength(32);
  });

  it('is reported by code when the process is killed in mid-command', async () => {
    await using tpm = await openSwtpmProcess();
    process.kill(tpm.pid, 'SIGSTOP');
    const answer = tpm.send(getRandom);
    process.kill(tpm.pid, 'SIGKILL');
    await expect(answer).rejects.toMatchObject({ phase: 'tpm', code: 'TPM_PROCESS_EXITED' });
    await expect(tpm.send(getRandom)).rejects.toMatchObject({ code: 'TPM_PROCESS_EXITED' });
  });

  it('does not answer while powered off, and wants TPM2_Startup after a power cycle', async () => {
    await using tpm = await openSwtpmProcess();
    await tpm.power('off');
    await expect(tpm.send(getRandom)).rejects.toMatchObject({ code: 'TPM_POWERED_OFF' });
    await tpm.power('cycle');
    // TPM_RC_INITIALIZE
    expect(responseCode(await tpm.send(getRandom))).toBe('00000100');
  });
});
