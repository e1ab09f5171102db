import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../kernel/bytes.ts';
import { EnvironmentError } from '../../kernel/errors.ts';
import { silenceTssLog, startTestSwtpm, type TestSwtpm } from '../node-tss/testing/swtpm.ts';
import { openTctiTransport, probeTpm2Tss } from './tcti.ts';

const getRandom8 = fromHex('80010000000c0000017b0008');
const selfTest = fromHex('80010000000b0000014301');
const readMissingEk = fromHex('80010000000e0000017381010001');

describe('openTctiTransport', () => {
  let swtpm: TestSwtpm;

  beforeAll(async () => {
    silenceTssLog();
    swtpm = await startTestSwtpm();
  });
  afterAll(async () => {
    await swtpm[Symbol.asyncDispose]();
  });

  it('returns the response as it came, whatever its response code', async () => {
    await using tpm = await openTctiTransport(swtpm.tctiString);
    expect(await tpm.send(getRandom8)).toHaveLength(20);
    expect(toHex(await tpm.send(readMissingEk))).toBe('80010000000a0000018b');
  });

  it('refuses commands that overlap', async () => {
    await using tpm = await openTctiTransport(swtpm.tctiString);
    const first = tpm.send(selfTest);
    await expect(tpm.send(getRandom8)).rejects.toMatchObject({ code: 'INVARIANT' });
    await first;
  });

  it('drops the answer to an aborted command and gives the next command its own', async () => {
    await using tpm = await openTctiTransport(swtpm.tctiString);
    const abort = new AbortController();
    const aborted = tpm.send(selfTest, abort.signal);
    abort.abort();
    await expect(aborted).rejects.toMatchObject({ phase: 'aborted' });
    expect(await tpm.send(getRandom8)).toHaveLength(20);
  });

  it('gives up a TPM that does not answer in time, and says so from then on', async () => {
    await using silent = await startTestSwtpm();
    const tpm = await openTctiTransport(silent.tctiString, { responseDeadlineMs: 50 });
    silent.freeze();
    await expect(tpm.send(getRandom8)).rejects.toMatchObject({ phase: 'timeout' });
    await expect(tpm.send(getRandom8)).rejects.toMatchObject({ phase: 'timeout' });
    await tpm.close();
  });

  it('sets the locality', async () => {
    await using tpm = await openTctiTransport(swtpm.tctiString);
    const extendPcr17 = fromHex(
      `800200000041000001820000001100000009400000090000010000${'00000001000b'}${'11'.repeat(32)}`,
    );
    expect(toHex(await tpm.send(extendPcr17))).toBe('80010000000a00000907');
    await tpm.setLocality?.(3);
    expect(toHex((await tpm.send(extendPcr17)).subarray(6, 10))).toBe('00000000');
    await tpm.setLocality?.(0);
  });

  it('says which libraries there are', async () => {
    expect(await probeTpm2Tss()).toContain('libtss2-tctildr.so.0');
  });

  it('says what is wrong with a TCTI string that leads nowhere', async () => {
    await expect(openTctiTransport('swtpm:path=/nowhere')).rejects.toBeInstanceOf(EnvironmentError);
    await expect(openTctiTransport('nonsense:')).rejects.toThrow(/no TPM at "nonsense:"/);
  });
});
