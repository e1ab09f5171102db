import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { toBase64 } from '../kernel/bytes.ts';
import { createTestPki, type TestPki } from '../pki/test-pki.ts';
import type { Enrollment } from '../wire/enrollment.ts';
import type { EnrollmentError } from './enrollment-error.ts';
import { EnrollmentStore } from './enrollment-store.ts';
import { makeTpmKeys, symmetricKeys } from './testing/test-core.ts';

const key = new Uint8Array(32).fill(1);

describe('EnrollmentStore', () => {
  let pki: TestPki;
  let leafPem: string;
  beforeAll(async () => {
    pki = await createTestPki();
    leafPem = (await pki.issueDeviceCertificate({ commonName: 'dev-01' })).certificatePem;
  });

  const x509Group = (enrollmentGroupId: string, certificate: string): Enrollment => ({
    enrollmentGroupId,
    attestation: { type: 'x509', x509: { signingCertificates: { primary: { certificate } } } },
  });

  it.each<readonly [string, () => Enrollment, string]>([
    [
      'an id with a space',
      () => ({ registrationId: 'a b', attestation: symmetricKeys(key) }),
      'registrationId',
    ],
    [
      'a group id that ends in a dot',
      () => ({ enrollmentGroupId: 'a.', attestation: symmetricKeys(key) }),
      'enrollmentGroupId',
    ],
    [
      'a key that is no base64',
      () => ({
        registrationId: 'a',
        attestation: { type: 'symmetricKey', symmetricKey: { secondaryKey: '?' } },
      }),
      'attestation.symmetricKey.secondaryKey',
    ],
    [
      'a key of 15 bytes',
      () => ({ registrationId: 'a', attestation: symmetricKeys(new Uint8Array(15)) }),
      'attestation.symmetricKey.primaryKey',
    ],
    [
      'a key of 65 bytes',
      () => ({ registrationId: 'a', attestation: symmetricKeys(new Uint8Array(65)) }),
      'attestation.symmetricKey.primaryKey',
    ],
    [
      'no key',
      () => ({ registrationId: 'a', attestation: { type: 'symmetricKey' } }),
      'attestation.symmetricKey',
    ],
    [
      'an EK that is no key',
      () => ({ registrationId: 'a', attestation: { type: 'tpm', tpm: { endorsementKey: 'AAAA' } } }),
      'attestation.tpm.endorsementKey',
    ],
    [
      'a group of TPMs',
      () => ({ enrollmentGroupId: 'a', attestation: { type: 'tpm', tpm: makeTpmKeys() } }),
      'attestation.type',
    ],
    [
      'a certificate that is none',
      () => x509Group('a', 'hello'),
      'attestation.x509.signingCertificates.primary.certificate',
    ],
    [
      'a CA that is none',
      () => x509Group('a', leafPem),
      'attestation.x509.signingCertificates.primary.certificate',
    ],
    [
      'a reference to a CA that nobody has verified',
      () => ({
        enrollmentGroupId: 'a',
        attestation: { type: 'x509', x509: { caReferences: { primary: 'ca' } } },
      }),
      'attestation.x509.caReferences',
    ],
    [
      'an individual enrollment with CAs',
      () => ({
        registrationId: 'a',
        attestation: { type: 'x509', x509: { signingCertificates: { primary: { certificate: leafPem } } } },
      }),
      'attestation.x509.clientCertificates',
    ],
  ])('refuses %s, names the member and stores nothing', (_what, enrollment, wanted) => {
    const store = new EnrollmentStore();
    const good: Enrollment = { registrationId: 'good', attestation: symmetricKeys(key) };
    expect(() => store.put([good, enrollment()])).toThrow(
      expect.objectContaining({
        name: 'EnrollmentError',
        code: 'ENROLLMENT_INVALID',
        key: wanted,
      }) as EnrollmentError,
    );
    expect(store.list()).toEqual([]);
  });

  it.each([
    ['PEM', (pem: string) => pem],
    ['base64 of PEM', (pem: string) => Buffer.from(pem).toString('base64')],
    ['base64 of DER', (pem: string) => toBase64(new X509Certificate(pem).raw)],
  ])('takes a certificate as %s', (_form, write) => {
    const store = new EnrollmentStore();
    store.put([x509Group('fleet', write(pki.bundle.rootPem))]);
    const { subject } = new X509Certificate(pki.bundle.rootPem);
    expect([...store.authoritiesNamed(subject)].map(({ group }) => group.enrollmentId)).toEqual(['fleet']);
  });

  it('replaces by id without regard to case, also by another kind', () => {
    const store = new EnrollmentStore();
    const { subject } = new X509Certificate(pki.bundle.rootPem);
    store.put([x509Group('fleet', pki.bundle.rootPem), x509Group('other', pki.bundle.rootPem)]);
    store.put([{ enrollmentGroupId: 'FLEET', attestation: symmetricKeys(key) }]);
    expect([...store.authoritiesNamed(subject)].map(({ group }) => group.enrollmentId)).toEqual(['other']);
    expect(store.symmetricKeyGroups.map(({ enrollmentId }) => enrollmentId)).toEqual(['FLEET']);
    expect(store.list()).toEqual([
      { id: 'other', kind: 'group', attestation: 'x509', provisioningStatus: 'enabled' },
      { id: 'FLEET', kind: 'group', attestation: 'symmetric-key', provisioningStatus: 'enabled' },
    ]);
    store.remove('Other');
    expect([...store.authoritiesNamed(subject)]).toEqual([]);
  });

  it('tells by its generation that anything changed', () => {
    const store = new EnrollmentStore();
    const seen = new Set([store.generation]);
    store.put([{ registrationId: 'a', attestation: symmetricKeys(key) }]);
    seen.add(store.generation);
    store.remove('a');
    seen.add(store.generation);
    store.clear();
    seen.add(store.generation);
    expect(seen.size).toBe(4);
  });
});
