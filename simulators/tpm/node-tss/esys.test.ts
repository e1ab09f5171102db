import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { algorithms, capabilities, esysTr, sessionTypes, startupTypes } from './constants.ts';
import { TssError, TssUsageError } from './errors.ts';
import { openEsys } from './esys.ts';
import { openTcti } from './tctildr.ts';
import { silenceTssLog, startTestSwtpm, type TestSwtpm } from './testing/swtpm.ts';
import { eccStorageTemplate, ekTemplate, hmacKeyTemplate } from './testing/templates.ts';

const ekHandle = 0x81010001;
const ekPolicyDigest = '837197674484b3f81a90cc8d46a5d724fd52d76e06520b64f2a1da1b331469aa';
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');

describe('esys', () => {
  let swtpm: TestSwtpm;

  beforeAll(async () => {
    silenceTssLog();
    swtpm = await startTestSwtpm();
  });
  afterAll(async () => {
    await swtpm[Symbol.asyncDispose]();
  });

  it('gets random bytes that differ from call to call', async () => {
    await using esys = await openEsys(swtpm.tctiString);
    const [first, second] = [await esys.getRandom(32), await esys.getRandom(32)];
    expect(first).toHaveLength(32);
    expect(hex(first)).not.toBe(hex(second));
  });

  it('reads the manufacturer and the family of the TPM', async () => {
    await using esys = await openEsys(swtpm.tctiString);
    const properties = await esys.getTpmProperties(0x100, 6);
    const text = (value: number | undefined): string =>
      Buffer.from((value ?? 0).toString(16), 'hex').toString();
    expect(text(properties.get(0x100))).toBe('2.0\0');
    expect(text(properties.get(0x105))).toBe('IBM\0');
  });

  it('says that there are more properties than it was asked for', async () => {
    await using esys = await openEsys(swtpm.tctiString);
    const { moreData, capabilityData } = await esys.getCapability(capabilities.tpmProperties, 0x100, 1);
    expect(moreData).toBe(true);
    expect(hex(capabilityData)).toBe('000000060000000100000100322e3000');
  });

  it('makes an EK, keeps it, and reads the same public area and Name from its persistent handle', async () => {
    await using esys = await openEsys(swtpm.tctiString);
    const { object, publicArea } = await esys.createPrimary(esysTr.endorsement, ekTemplate);
    await esys.evictControl(esysTr.owner, object, ekHandle);
    await esys.flushContext(object);

    const known = await esys.trFromTpmPublic(ekHandle);
    const read = await esys.readPublic(known);
    expect(hex(read.publicArea)).toBe(hex(publicArea));
    // Name = nameAlg || H(TPMT_PUBLIC), TPM 2.0 Part 1 §16
    const name = `000b${createHash('sha256').update(publicArea.subarray(2)).digest('hex')}`;
    expect(hex(read.name)).toBe(name);
    expect(hex(await esys.getName(known))).toBe(name);

    expect(await esys.evictControl(esysTr.owner, known, ekHandle)).toBe(esysTr.none);
    await expect(esys.trFromTpmPublic(ekHandle)).rejects.toMatchObject({
      code: 'TPM2_RC_0x18B',
      layer: 'tpm',
    });
  });

  it('activates a credential under the policy of the EK, and gets the secret back', async () => {
    await using esys = await openEsys(swtpm.tctiString);
    const ek = await esys.createPrimary(esysTr.endorsement, ekTemplate);
    const srk = await esys.createPrimary(esysTr.owner, eccStorageTemplate);
    const secret = bytes('sixteen bytes ok');
    const credential = await esys.makeCredential(ek.object, secret, await esys.getName(srk.object));

    const session = await esys.startAuthSession({ sessionType: sessionTypes.policy });
    await esys.policySecret(esysTr.endorsement, session);
    expect(hex(await esys.policyGetDigest(session))).toBe(ekPolicyDigest);
    const recovered = await esys.activateCredential(
      srk.object,
      ek.object,
      [esysTr.password, session],
      credential.credentialBlob,
      credential.encryptedSecret,
    );
    expect(hex(recovered)).toBe(hex(secret));

    await esys.flushContext(srk.object);
    await esys.flushContext(ek.object);
  });

  it('reports a credential made for another object as the TPM does', async () => {
    await using esys = await openEsys(swtpm.tctiString);
    const ek = await esys.createPrimary(esysTr.endorsement, ekTemplate);
    const srk = await esys.createPrimary(esysTr.owner, eccStorageTemplate);
    const otherName = new Uint8Array(34).fill(0xaa);
    otherName.set([0x00, 0x0b]);
    const credential = await esys.makeCredential(ek.object, bytes('secret'), otherName);
    const session = await esys.startAuthSession({ sessionType: sessionTypes.policy });
    await esys.policySecret(esysTr.endorsement, session);
    await expect(
      esys.activateCredential(
        srk.object,
        ek.object,
        [esysTr.password, session],
        credential.credentialBlob,
        credential.encryptedSecret,
      ),
    ).rejects.toMatchObject({
      code: 'TPM2_RC_0x1DF',
      call: 'Esys_ActivateCredential',
      description: 'tpm:parameter(1):integrity check failed',
    });
    for (const handle of [session, srk.object, ek.object]) await esys.flushContext(handle);
  });

  it('computes the same HMAC with a password as through a salted, encrypting session', async () => {
    await using esys = await openEsys(swtpm.tctiString);
    const srk = await esys.createPrimary(esysTr.owner, eccStorageTemplate);
    const key = await esys.createPrimary(esysTr.owner, hmacKeyTemplate);
    const plain = await esys.hmac(key.object, bytes('data'));

    const session = await esys.startAuthSession({
      sessionType: sessionTypes.hmac,
      tpmKey: srk.object,
      parameterEncryption: true,
    });
    // TPMA_SESSION: continueSession, decrypt, encrypt (Part 2 §8.4)
    await esys.setSessionAttributes(session, 0x61, 0xff);
    const encrypted = await esys.hmac(key.object, bytes('data'), algorithms.sha256, [session]);
    expect(encrypted).toHaveLength(32);
    expect(hex(encrypted)).toBe(hex(plain));

    for (const handle of [session, key.object, srk.object]) await esys.flushContext(handle);
  });

  it('uses the authorization value that was set for a hierarchy', async () => {
    await using esys = await openEsys(swtpm.tctiString);
    await esys.setAuth(esysTr.platform, bytes('wrong'));
    await expect(esys.clear(esysTr.platform)).rejects.toMatchObject({ code: 'TPM2_RC_0x9A2' });
    await esys.setAuth(esysTr.platform, new Uint8Array());
    await esys.clear(esysTr.platform);
  });

  it('tells an answer of the TPM from trouble in the stack', async () => {
    await using esys = await openEsys(swtpm.tctiString);
    await expect(esys.trFromTpmPublic(0x81012345)).rejects.toMatchObject({ layer: 'tpm' });
    await expect(esys.readPublic(0xdead)).rejects.toMatchObject({
      layer: 'esys',
      code: 'TSS2_ESYS_RC_BAD_VALUE',
    });
    await expect(esys.createPrimary(esysTr.owner, new Uint8Array([0, 5]))).rejects.toMatchObject({
      layer: 'mu',
    });
    await expect(openEsys('swtpm:path=/nowhere')).rejects.toBeInstanceOf(TssError);
  });

  it('accepts a startup of a TPM that is started already', async () => {
    await using esys = await openEsys(swtpm.tctiString);
    await esys.startup(startupTypes.clear);
    await esys.selfTest(true);
  });

  it('forgets a released handle and leaves the object in the TPM', async () => {
    await using esys = await openEsys(swtpm.tctiString);
    const { object } = await esys.createPrimary(esysTr.owner, eccStorageTemplate);
    await esys.releaseHandle(object);
    await expect(esys.readPublic(object)).rejects.toMatchObject({ code: 'TSS2_ESYS_RC_BAD_TR' });
    const again = await esys.trFromTpmPublic(0x80000000);
    await esys.flushContext(again);
  });

  it('refuses a second call while one is running, and stays usable', async () => {
    await using esys = await openEsys(swtpm.tctiString);
    const first = esys.getRandom(16);
    await expect(esys.getRandom(16)).rejects.toMatchObject({ code: 'TSS_BUSY' });
    expect(await first).toHaveLength(16);
    expect(await esys.getRandom(16)).toHaveLength(16);
  });

  it('shares that guard with the TCTI under it, which stays open after it', async () => {
    await using tcti = await openTcti(swtpm.tctiString);
    const esys = await openEsys(tcti);
    const running = esys.selfTest(true);
    const getRandom = new Uint8Array([0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x7b, 0, 8]);
    await expect(tcti.transceive(getRandom)).rejects.toMatchObject({ code: 'TSS_BUSY' });
    await running;
    await esys.close();
    expect(await tcti.transceive(getRandom)).toHaveLength(20);
  });

  it('waits for the running call when it is closed, and refuses calls afterwards', async () => {
    const esys = await openEsys(swtpm.tctiString);
    const running = esys.getRandom(16);
    await Promise.all([esys.close(), esys.close()]);
    expect(await running).toHaveLength(16);
    await expect(esys.getRandom(16)).rejects.toBeInstanceOf(TssUsageError);
    await expect(esys.getRandom(16)).rejects.toMatchObject({ code: 'TSS_CLOSED' });
  });

  it('serves several contexts on several TPMs at the same time', async () => {
    await using other = await startTestSwtpm();
    await using here = await openEsys(swtpm.tctiString);
    await using there = await openEsys(other.tctiString);
    const twenty = async (esys: typeof here): Promise<number> => {
      let total = 0;
      for (let round = 0; round < 20; round += 1) total += (await esys.getRandom(32)).length;
      return total;
    };
    expect(await Promise.all([twenty(here), twenty(there)])).toEqual([640, 640]);
  });
});
