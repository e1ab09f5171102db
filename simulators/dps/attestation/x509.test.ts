import { createPublicKey } from 'node:crypto';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { importSigningKey, signCertificate } from '../../pki/certificate.ts';
import { keyIdentifier } from '../../pki/key-pair.ts';
import { createTestPki, openTestPki, type TestPki } from '../../pki/test-pki.ts';
import type { Enrollment } from '../../wire/enrollment.ts';
import {
  certificateProof,
  createTestCore,
  refusedWith,
  symmetricKeys,
  type TestCore,
  testId,
} from '../testing/test-core.ts';

const primary = new Uint8Array(32).fill(1);

const id = testId;
let core: TestCore;
beforeEach(() => {
  core = createTestCore();
});

describe('a client certificate', () => {
  let pki: TestPki;
  let otherPki: TestPki;
  beforeAll(async () => {
    pki = await createTestPki({ name: 'ours' });
    otherPki = await createTestPki({ name: 'theirs' });
  });
  const group = (certificate: string, more: Partial<Enrollment> = {}): Enrollment => ({
    enrollmentGroupId: 'fleet',
    attestation: { type: 'x509', x509: { signingCertificates: { primary: { certificate } } } },
    ...more,
  });
  const individual = (first: string, second?: string): Enrollment => ({
    registrationId: id,
    attestation: {
      type: 'x509',
      x509: {
        clientCertificates: {
          primary: { certificate: first },
          ...(second === undefined ? {} : { secondary: { certificate: second } }),
        },
      },
    },
  });
  const allOfInfo = [
    'subjectName',
    'sha1Thumbprint',
    'sha256Thumbprint',
    'issuerName',
    'notBeforeUtc',
    'notAfterUtc',
    'serialNumber',
    'version',
  ];

  it('is accepted by a group that refers to a CA whose possession was proved', async () => {
    const { caCertificates } = core.enrollments;
    caCertificates.upload('factory', pki.bundle.rootPem);
    const commonName = caCertificates.requestVerification('factory');
    const proof = await pki.issueDeviceCertificate({ commonName, issuer: 'root' });
    caCertificates.verify('factory', proof.certificatePem);
    const attestation = { type: 'x509', x509: { caReferences: { primary: 'factory' } } } as const;
    core.enrollments.put([{ enrollmentGroupId: 'fleet', attestation }]);
    const { chainPem } = await pki.issueDeviceCertificate({ commonName: id });
    expect(core.register(certificateProof(chainPem)).kind).toBe('accepted');
  });

  it.each(['root', 'intermediate'] as const)('is accepted by a group that enrolled the %s', async (level) => {
    core.enrollments.put([group(level === 'root' ? pki.bundle.rootPem : pki.bundle.intermediatePem)]);
    const { chainPem } = await pki.issueDeviceCertificate({ commonName: id });
    const proof = certificateProof(chainPem);
    const state = core.finish(core.register(proof), proof);
    expect(state).toMatchObject({ status: 'assigned', x509: { enrollmentGroupId: 'fleet' } });
    const { certificateInfo, signingCertificateInfo } = state.x509 ?? {};
    // The Java SDK throws when one of the eight is missing.
    expect(Object.keys(certificateInfo ?? {})).toEqual(allOfInfo);
    expect(Object.keys(signingCertificateInfo ?? {})).toEqual(allOfInfo);
    expect(certificateInfo).toMatchObject({ subjectName: `CN=${id}`, version: 3 });
  });

  it('is accepted without the root and with it', async () => {
    core.enrollments.put([group(pki.bundle.rootPem)]);
    const { chainPem } = await pki.issueDeviceCertificate({ commonName: id });
    expect(core.register(certificateProof(chainPem)).kind).toBe('accepted');
    expect(core.register(certificateProof(chainPem + pki.bundle.rootPem)).kind).toBe('accepted');
  });

  it('goes to the lowest enrolled CA, also when that group is disabled', async () => {
    core.enrollments.put([
      { ...group(pki.bundle.rootPem), enrollmentGroupId: 'by-root' },
      {
        ...group(pki.bundle.intermediatePem, { provisioningStatus: 'disabled' }),
        enrollmentGroupId: 'by-mid',
      },
    ]);
    const { chainPem } = await pki.issueDeviceCertificate({ commonName: id });
    const proof = certificateProof(chainPem);
    expect(core.finish(core.register(proof), proof).status).toBe('disabled');
    expect(core.registry.records()).toMatchObject([{ enrollmentId: 'by-mid' }]);
  });

  it.each([
    ['the primary', 0],
    ['the secondary', 1],
  ])('is accepted when it is %s of an individual enrollment, self-signed', async (_name, index) => {
    const [first, second] = await Promise.all([
      pki.issueDeviceCertificate({ commonName: id, issuer: 'self' }),
      pki.issueDeviceCertificate({ commonName: id, issuer: 'self' }),
    ]);
    const base64OfPem = Buffer.from(second.certificatePem).toString('base64');
    core.enrollments.put([individual(first.certificatePem, base64OfPem)]);
    const proof = certificateProof([first, second][index]?.chainPem ?? '');
    expect(core.finish(core.register(proof), proof)).toMatchObject({ status: 'assigned', x509: {} });
  });

  it('is checked again when enrollments change, though the connection is the same', async () => {
    core.enrollments.put([group(pki.bundle.rootPem)]);
    const proof = certificateProof((await pki.issueDeviceCertificate({ commonName: id })).chainPem);
    expect(core.register(proof).kind).toBe('accepted');
    expect(core.register(proof, { registrationId: 'dev-02' })).toEqual(refusedWith(401, 401002));
    core.enrollments.remove('fleet');
    expect(core.register(proof)).toEqual(refusedWith(401, 401002));
  });

  it('is refused from the moment it expires, though the connection is the same', async () => {
    core.enrollments.put([group(pki.bundle.rootPem)]);
    const notAfter = new Date(core.clock.nowMs() + 10_000);
    const proof = certificateProof((await pki.issueDeviceCertificate({ commonName: id, notAfter })).chainPem);
    expect(core.register(proof).kind).toBe('accepted');
    core.clock.advanceMs(11_000);
    expect(core.register(proof)).toEqual(refusedWith(401, 401002));
  });

  const day = 86_400_000;
  it.each<readonly [string, () => Promise<string>, string]>([
    [
      'a CN that is not the id',
      async () => (await pki.issueDeviceCertificate({ commonName: 'dev-02' })).chainPem,
      'Invalid certificate.',
    ],
    [
      'a chain without its intermediate',
      async () => (await pki.issueDeviceCertificate({ commonName: id })).certificatePem,
      'CA certificate not found',
    ],
    [
      'another CA',
      async () => (await otherPki.issueDeviceCertificate({ commonName: id })).chainPem,
      'CA certificate not found',
    ],
    [
      'another CA, its root sent along',
      async () =>
        (await otherPki.issueDeviceCertificate({ commonName: id })).chainPem + otherPki.bundle.rootPem,
      'CA certificate not found',
    ],
    [
      'a leaf of another CA under our intermediate',
      async () =>
        (await otherPki.issueDeviceCertificate({ commonName: id })).certificatePem +
        pki.bundle.intermediatePem,
      'CA certificate not found',
    ],
    [
      'an expired certificate',
      async () =>
        (
          await pki.issueDeviceCertificate({
            commonName: id,
            notBefore: new Date(Date.now() - 2 * day),
            notAfter: new Date(Date.now() - day),
          })
        ).chainPem,
      'Invalid certificate.',
    ],
    [
      'a certificate of tomorrow',
      async () =>
        (await pki.issueDeviceCertificate({ commonName: id, notBefore: new Date(Date.now() + day) }))
          .chainPem,
      'Invalid certificate.',
    ],
    [
      'a self-signed certificate',
      async () => (await pki.issueDeviceCertificate({ commonName: id, issuer: 'self' })).chainPem,
      'CA certificate not found',
    ],
    [
      'a chain longer than any PKI has',
      async () =>
        (await pki.issueDeviceCertificate({ commonName: id })).chainPem + pki.bundle.rootPem.repeat(20),
      'Invalid certificate.',
    ],
  ])('is refused: %s', async (_what, chainPem, message) => {
    core.enrollments.put([group(pki.bundle.rootPem)]);
    expect(core.register(certificateProof(await chainPem()))).toMatchObject({
      kind: 'refused',
      refusal: { status: 401, errorCode: 401002, message },
    });
    expect(core.registry.records()).toEqual([]);
  });

  it('is refused when its CN is only alike: the Kelvin sign is no k', async () => {
    core.enrollments.put([group(pki.bundle.rootPem)]);
    const { chainPem } = await pki.issueDeviceCertificate({ commonName: 'dev-\u212a' });
    expect(core.register(certificateProof(chainPem), { registrationId: 'dev-k' })).toEqual(
      refusedWith(401, 401002),
    );
  });

  it('is refused when a device certificate signed it: that is no CA', async () => {
    // A device that plays CA: the issuer must have basicConstraints CA, whatever it signs.
    const device = await pki.issueDeviceCertificate({ commonName: 'device' });
    const rogue = await openTestPki({
      ...pki.bundle,
      intermediatePem: device.certificatePem,
      intermediateKeyPem: device.privateKeyPem,
    });
    const { certificatePem } = await rogue.issueDeviceCertificate({ commonName: id });
    core.enrollments.put([group(pki.bundle.rootPem)]);
    expect(core.register(certificateProof(certificatePem + device.chainPem))).toEqual(
      refusedWith(401, 401002),
    );
  });

  it('is refused when a CA stands below one that allows none', async () => {
    // The intermediate has path length 0: it may sign devices, not CAs.
    const below = await createTestPki({ name: 'below' });
    const spki = (pem: string): Uint8Array => createPublicKey(pem).export({ type: 'spki', format: 'der' });
    const subCa = await signCertificate(
      {
        commonName: 'below test intermediate',
        subjectPublicKeyInfo: spki(below.bundle.intermediateKeyPem),
        profile: { kind: 'ca', pathLength: 0 },
        notBefore: new Date(Date.now() - day),
        notAfter: new Date(Date.now() + day),
      },
      {
        commonName: 'ours test intermediate',
        keyIdentifier: keyIdentifier(spki(pki.bundle.intermediateKeyPem)),
        key: await importSigningKey(pki.bundle.intermediateKeyPem),
      },
    );
    const rogue = await openTestPki({ ...below.bundle, intermediatePem: subCa });
    const { chainPem } = await rogue.issueDeviceCertificate({ commonName: id });
    core.enrollments.put([group(pki.bundle.intermediatePem)]);
    expect(core.register(certificateProof(chainPem))).toEqual(refusedWith(401, 401002));
  });

  it('is refused when it is not the one that is enrolled for the id, whatever group it belongs to', async () => {
    const enrolled = await pki.issueDeviceCertificate({ commonName: id });
    const other = await pki.issueDeviceCertificate({ commonName: id });
    core.enrollments.put([group(pki.bundle.rootPem), individual(enrolled.certificatePem)]);
    expect(core.register(certificateProof(enrolled.chainPem)).kind).toBe('accepted');
    expect(core.register(certificateProof(other.chainPem))).toEqual(refusedWith(401, 401002));
  });

  it('is refused by an enrollment of another kind, and ends as disabled when that is disabled', async () => {
    const proof = certificateProof((await pki.issueDeviceCertificate({ commonName: id })).chainPem);
    core.enrollments.put([
      group(pki.bundle.rootPem),
      { registrationId: id, attestation: symmetricKeys(primary) },
    ]);
    expect(core.register(proof)).toEqual(refusedWith(401, 401002));
    core.enrollments.put([
      { registrationId: id, attestation: symmetricKeys(primary), provisioningStatus: 'disabled' },
    ]);
    expect(core.finish(core.register(proof), proof).status).toBe('disabled');
    const stranger = certificateProof((await otherPki.issueDeviceCertificate({ commonName: id })).chainPem);
    expect(core.register(stranger)).toEqual(refusedWith(401, 401002));
  });
});
