import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestPki, type TestPki } from '../../pki/test-pki.ts';
import type { DpsControl } from '../dps-control.ts';
import { type RunningDps, startDps } from '../emulator.ts';
import { connectDpsControl } from '../management-client.ts';

const group = {
  enrollmentGroupId: 'fleet',
  attestation: { type: 'x509', x509: { caReferences: { primary: 'factory' } } },
} as const;

describe('a CA certificate', () => {
  let dps: RunningDps;
  let control: DpsControl;
  let pki: TestPki;
  beforeEach(async () => {
    dps = await startDps();
    control = connectDpsControl(dps.management.url);
    pki = await createTestPki();
    await control.uploadCaCertificate('factory', pki.bundle.rootPem);
  });
  afterEach(() => dps[Symbol.asyncDispose]());

  const proofFor = async (commonName: string, by = pki) =>
    (await by.issueDeviceCertificate({ commonName, issuer: 'root' })).certificatePem;

  it('can be referred to after its owner proved to hold the key', async () => {
    await expect(control.enroll([group])).rejects.toMatchObject({ status: 400 });
    await control.verifyCaCertificate(
      'factory',
      await proofFor(await control.requestCaVerification('factory')),
    );
    await control.enroll([group]);
    expect(await control.enrollments()).toMatchObject([{ id: 'fleet', attestation: 'x509' }]);
  });

  it('is not verified by another code, by another CA, or by a code that was used', async () => {
    const code = await control.requestCaVerification('factory');
    const refused = { status: 400 };
    const verify = (proof: string) => control.verifyCaCertificate('factory', proof);
    await expect(verify(await proofFor('another'))).rejects.toMatchObject(refused);
    await expect(verify(await proofFor(code, await createTestPki()))).rejects.toMatchObject(refused);
    await expect(control.enroll([group])).rejects.toMatchObject(refused);
    await verify(await proofFor(code));
    await expect(verify(await proofFor(code))).rejects.toMatchObject(refused);
  });

  it('must be that of a CA, and is forgotten by a reset', async () => {
    const upload = control.uploadCaCertificate('leaf', await proofFor('leaf'));
    await expect(upload).rejects.toMatchObject({ status: 400 });
    await control.reset();
    await expect(control.requestCaVerification('factory')).rejects.toMatchObject({ status: 400 });
  });

  it('is listed, shown and deleted by its name, without regard to case', async () => {
    await control.uploadCaCertificate('the second / 2', pki.bundle.intermediatePem);
    const listed = await control.caCertificates();
    expect(listed).toMatchObject([
      { name: 'factory', isVerified: false, subject: expect.stringContaining('CN=') as string },
      { name: 'the second / 2', isVerified: false },
    ]);
    expect(await control.caCertificate('The Second / 2')).toEqual(listed[1]);
    const code = await control.requestCaVerification('factory');
    await control.verifyCaCertificate('factory', await proofFor(code));
    expect(await control.caCertificate('factory')).toMatchObject({ isVerified: true });
    await control.removeCaCertificate('factory');
    expect(await control.caCertificates()).toEqual([listed[1]]);
    await expect(control.caCertificate('factory')).rejects.toMatchObject({ status: 400 });
    await expect(control.removeCaCertificate('factory')).rejects.toMatchObject({ status: 400 });
    await expect(control.enroll([group])).rejects.toMatchObject({ status: 400 });
  });
});
