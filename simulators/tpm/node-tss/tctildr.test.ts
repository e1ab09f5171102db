import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTcti } from './tctildr.ts';
import { silenceTssLog, startTestSwtpm, type TestSwtpm } from './testing/swtpm.ts';

const command = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const getRandom8 = command('80010000000c0000017b0008');

describe('tctildr', () => {
  let swtpm: TestSwtpm;

  beforeAll(async () => {
    silenceTssLog();
    swtpm = await startTestSwtpm();
  });
  afterAll(async () => {
    await swtpm[Symbol.asyncDispose]();
  });

  it('carries a command to the TPM and the response back', async () => {
    await using tcti = await openTcti(swtpm.tctiString);
    const response = Buffer.from(await tcti.transceive(getRandom8));
    expect(response.toString('hex', 0, 12)).toBe('800100000014000000000008');
    expect(response).toHaveLength(20);
  });

  it('can transmit and receive in two steps', async () => {
    await using tcti = await openTcti(swtpm.tctiString);
    await tcti.transmit(getRandom8);
    expect(await tcti.receive()).toHaveLength(20);
  });

  it('returns an error of the TPM as a response, not as an exception', async () => {
    await using tcti = await openTcti(swtpm.tctiString);
    const response = await tcti.transceive(command('80010000000e0000017381010001'));
    expect(Buffer.from(response).toString('hex')).toBe('80010000000a0000018b');
  });

  it('changes the locality: PCR 17 can be extended at 3 and not at 0', async () => {
    await using tcti = await openTcti(swtpm.tctiString);
    // TPM2_PCR_Extend with one SHA-256 digest
    const extendPcr17 = command(
      `800200000041000001820000001100000009400000090000010000${'00000001000b'}${'11'.repeat(32)}`,
    );
    const responseCode = async (): Promise<number> =>
      Buffer.from(await tcti.transceive(extendPcr17)).readUInt32BE(6);
    expect(await responseCode()).toBe(0x907);
    await tcti.setLocality(3);
    expect(await responseCode()).toBe(0);
    await tcti.setLocality(0);
  });

  it('refuses to receive before anything was transmitted', async () => {
    await using tcti = await openTcti(swtpm.tctiString);
    await expect(tcti.receive()).rejects.toMatchObject({ code: 'TSS2_TCTI_RC_BAD_SEQUENCE', layer: 'tcti' });
  });

  it.each([
    ['an unknown TCTI', 'no-such-tcti:x'],
    ['a TPM that is not there', 'swtpm:path=/nowhere'],
    ['a malformed configuration', 'swtpm:port=notanumber'],
  ])('fails with an error of layer tcti for %s', async (_what, nameConf) => {
    await expect(openTcti(nameConf)).rejects.toMatchObject({ name: 'TssError', layer: 'tcti' });
  });

  it('can be closed twice', async () => {
    const tcti = await openTcti(swtpm.tctiString);
    await tcti.close();
    await tcti.close();
    await expect(tcti.transceive(getRandom8)).rejects.toMatchObject({ code: 'TSS_CLOSED' });
  });
});
