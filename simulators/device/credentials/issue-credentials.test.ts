import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fromBase64, toBase64 } from '../../kernel/bytes.ts';
import { pemToDer, splitPemChain, thumbprints } from '../../pki/pem.ts';
import type { ManufacturedTpm } from '../../tpm/transport.ts';
import { deriveGroupDeviceKey } from '../../wire/group-key.ts';
import { specOf } from '../testing/specs.ts';
import { createFleetAuthority, groupEnrollments } from './fleet-authority.ts';
import { type IssuedCredentials, issueCredentials } from './issue-credentials.ts';

const authority = await createFleetAuthority();
const intermediate = new X509Certificate(authority.pki.intermediatePem);
const unknownIntermediate = new X509Certificate(authority.unknownPki.intermediatePem);
const tpm: ManufacturedTpm = {
  tpmId: 'tpm-0',
  stateFile: '/states/tpm-0',
  endorsementKey: new Uint8Array(316).fill(1),
  storageRootKey: new Uint8Array(284).fill(2),
};

const keyOf = ({ credentials }: IssuedCredentials): string =>
  credentials.kind === 'symmetric-key' ? credentials.key : expect.unreachable('not a symmetric key');
const certificatesOf = ({ credentials }: IssuedCredentials): readonly X509Certificate[] =>
  credentials.kind === 'x509'
    ? splitPemChain(credentials.certificateChainPem).map((pem) => new X509Certificate(pem))
    : expect.unreachable('not X.509');

/** SHA-256 of the certificate in an individual enrollment. */
function enrolledThumbprint({ enrollment }: IssuedCredentials): string {
  const attestation = enrollment?.attestation;
  if (attestation?.type !== 'x509') return expect.unreachable('not enrolled by X.509');
  return thumbprints(pemToDer(attestation.x509.clientCertificates?.primary?.certificate ?? '')).sha256;
}
const heldThumbprint = (issued: IssuedCredentials): string =>
  thumbprints(new Uint8Array(certificatesOf(issued)[0]?.raw ?? [])).sha256;

describe('issueCredentials, symmetric key', () => {
  it('enrolls the key that an individual device holds', async () => {
    const issued = await issueCredentials(specOf(), authority);
    expect(issued.enrollment).toMatchObject({
      registrationId: 'dev-01',
      provisioningStatus: 'enabled',
      capabilities: { iotEdge: true },
      attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: keyOf(issued) } },
    });
    expect(fromBase64(keyOf(issued))).toHaveLength(64);
  });

  it('gives every device another key', async () => {
    const keys = await Promise.all(
      Array.from({ length: 50 }, async (_, index) =>
        keyOf(await issueCredentials(specOf({ index, registrationId: `dev-${index}` }), authority)),
      ),
    );
    expect(new Set(keys).size).toBe(50);
  });

  it('derives the key of a member from its group, and enrolls the group only', async () => {
    const issued = await issueCredentials(specOf({ enrollment: 'group' }), authority);
    const groupKey = fromBase64(authority.symmetricGroup.primaryKey);
    expect(keyOf(issued)).toBe(toBase64(deriveGroupDeviceKey(groupKey, 'dev-01')));
    expect(issued.enrollment).toBeUndefined();
  });

  it('keeps the enrolled key from a device with a wrong one', async () => {
    const issued = await issueCredentials(specOf({ fault: 'wrong-key' }), authority);
    expect(issued.enrollment?.attestation).not.toMatchObject({ symmetricKey: { primaryKey: keyOf(issued) } });
  });

  it('tells nobody of a device that is to be unknown', async () => {
    expect((await issueCredentials(specOf({ fault: 'unknown-id' }), authority)).enrollment).toBeUndefined();
  });

  it('blocks one member of a group by an individual entry with its own key', async () => {
    const issued = await issueCredentials(
      specOf({ enrollment: 'group', fault: 'disabled-enrollment' }),
      authority,
    );
    expect(issued.enrollment).toMatchObject({
      provisioningStatus: 'disabled',
      attestation: { symmetricKey: { primaryKey: keyOf(issued) } },
    });
  });
});

describe('issueCredentials, X.509', () => {
  const x509 = { attestation: 'x509' } as const;

  it('enrolls the thumbprint of an individual device', async () => {
    const issued = await issueCredentials(specOf(x509), authority);
    expect(certificatesOf(issued).map(({ subject }) => subject)).toEqual(['CN=dev-01']);
    expect(enrolledThumbprint(issued)).toBe(heldThumbprint(issued));
  });

  it('gives a member of a group a chain to the intermediate, with the key that belongs to it', async () => {
    const issued = await issueCredentials(specOf({ ...x509, enrollment: 'group' }), authority);
    const [leaf, above, ...more] = certificatesOf(issued);
    expect(leaf?.verify(intermediate.publicKey)).toBe(true);
    expect(above?.fingerprint256).toBe(intermediate.fingerprint256);
    expect(more).toEqual([]);
    const { credentials } = issued;
    const key = createPrivateKey(credentials.kind === 'x509' ? credentials.privateKeyPem : '');
    expect(leaf?.checkPrivateKey(key)).toBe(true);
    expect(issued.enrollment).toBeUndefined();
  });

  it('keeps the enrolled certificate from a device with a wrong one', async () => {
    const issued = await issueCredentials(specOf({ ...x509, fault: 'wrong-key' }), authority);
    expect(enrolledThumbprint(issued)).not.toBe(heldThumbprint(issued));
  });

  it.each(['individual', 'group'] as const)(
    'lets a certificate name another device (%s)',
    async (enrollment) => {
      const issued = await issueCredentials(specOf({ ...x509, enrollment, fault: 'cn-mismatch' }), authority);
      expect(certificatesOf(issued)[0]?.subject).toBe('CN=not-dev-01');
    },
  );

  it.each(['individual', 'group'] as const)('lets a certificate be expired (%s)', async (enrollment) => {
    const issued = await issueCredentials(
      specOf({ ...x509, enrollment, fault: 'expired-certificate' }),
      authority,
    );
    expect(certificatesOf(issued)[0]?.validToDate.getTime()).toBeLessThan(Date.now());
    if (enrollment === 'individual') expect(enrolledThumbprint(issued)).toBe(heldThumbprint(issued));
  });

  it('leaves the intermediate out', async () => {
    const issued = await issueCredentials(
      specOf({ ...x509, enrollment: 'group', fault: 'missing-intermediate' }),
      authority,
    );
    const [leaf, ...above] = certificatesOf(issued);
    expect(leaf?.verify(intermediate.publicKey)).toBe(true);
    expect(above).toEqual([]);
  });

  it('takes a chain of the CA that nobody knows', async () => {
    const issued = await issueCredentials(
      specOf({ ...x509, enrollment: 'group', fault: 'other-ca' }),
      authority,
    );
    const [leaf, above] = certificatesOf(issued);
    expect(leaf?.verify(unknownIntermediate.publicKey)).toBe(true);
    expect(above?.fingerprint256).toBe(unknownIntermediate.fingerprint256);
  });
});

describe('issueCredentials, TPM', () => {
  const spec = specOf({ attestation: 'tpm' });
  const own = toBase64(tpm.endorsementKey);

  it.each([
    { fault: undefined, presented: 'own', enrolled: 'own' },
    { fault: 'ek-not-enrolled', presented: 'own', enrolled: 'foreign' },
    { fault: 'foreign-challenge', presented: 'foreign', enrolled: 'foreign' },
  ])(
    'with the fault $fault presents the $presented EK and enrolls the $enrolled',
    async ({ fault, presented, enrolled }) => {
      const { credentials, enrollment } = await issueCredentials({ ...spec, fault }, authority, { tpm });
      expect(credentials).toMatchObject({ kind: 'tpm', tpmId: 'tpm-0', stateFile: '/states/tpm-0' });
      const presentedKey = credentials.kind === 'tpm' ? credentials.endorsementKey : '';
      const attestation = enrollment?.attestation;
      const enrolledKey = attestation?.type === 'tpm' ? attestation.tpm.endorsementKey : '';
      expect(presentedKey === own ? 'own' : 'foreign').toBe(presented);
      expect(enrolledKey === own ? 'own' : 'foreign').toBe(enrolled);
      expect(fromBase64(enrolledKey)).toHaveLength(316);
    },
  );

  it('refuses a device without a TPM, and one in a group', async () => {
    await expect(issueCredentials(spec, authority)).rejects.toMatchObject({ code: 'INVARIANT' });
    await expect(
      issueCredentials({ ...spec, enrollment: 'group' }, authority, { tpm }),
    ).rejects.toMatchObject({
      code: 'INVARIANT',
    });
  });
});

describe('a fleet authority', () => {
  it('is plain data that issues the same in another thread', async () => {
    const copy = structuredClone(authority);
    const spec = specOf({ enrollment: 'group' });
    expect(keyOf(await issueCredentials(spec, copy))).toBe(keyOf(await issueCredentials(spec, authority)));
  });

  it('names the groups that the devices need, and no others', () => {
    const names = (...devices: Parameters<typeof groupEnrollments>[1][]): unknown =>
      groupEnrollments(
        authority,
        devices.flatMap((some) => [...some]),
      ).map((group) => group.enrollmentGroupId);
    expect(names([specOf()])).toEqual([]);
    expect(names([specOf({ enrollment: 'group' })])).toEqual(['fleet-symmetric-key']);
    expect(
      names([
        specOf({ enrollment: 'group' }),
        specOf({ enrollment: 'group', attestation: 'x509' }),
        specOf({ enrollment: 'group', attestation: 'x509' }),
      ]),
    ).toEqual(['fleet-symmetric-key', 'fleet-x509']);
  });

  it('enrolls its X.509 group by the root, so that the intermediate must be sent', () => {
    const [group] = groupEnrollments(authority, [specOf({ enrollment: 'group', attestation: 'x509' })]);
    expect(group?.attestation).toEqual({
      type: 'x509',
      x509: { signingCertificates: { primary: { certificate: authority.pki.rootPem } } },
    });
  });
});
