import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../kernel/clock.ts';
import { createTestPki } from '../pki/test-pki.ts';
import { openDataDirectory } from '../storage/data-directory.ts';
import { IssuedKeys } from './attestation/issued-keys.ts';
import { startDps } from './emulator.ts';
import { EnrollmentStore } from './enrollment-store.ts';
import { RegistrationRegistry } from './registration-registry.ts';
import { symmetricKeys } from './testing/test-core.ts';

const key = new Uint8Array(32).fill(1);
const everything = { after: 0, limit: 9 };

/** What an emulator has, over a data directory. */
function open(folder: string) {
  const storage = openDataDirectory(folder);
  return {
    enrollments: new EnrollmentStore(systemClock, storage),
    registry: new RegistrationRegistry(systemClock, storage),
    issuedKeys: new IssuedKeys(storage),
    [Symbol.dispose]: () => storage[Symbol.dispose](),
  };
}
type Parts = ReturnType<typeof open>;

describe('what an emulator keeps', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dps-rig-persistence-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** What is looked at is the same before and after it was closed and opened again. */
  async function survives<T>(change: (parts: Parts) => void | Promise<void>, look: (parts: Parts) => T) {
    let before: T;
    {
      using parts = open(folder);
      await change(parts);
      before = look(parts);
    }
    using parts = open(folder);
    expect(look(parts)).toEqual(before);
    return before;
  }

  it('has individual enrollments again, with etag and order', async () => {
    const page = await survives(
      ({ enrollments }) => {
        const disabled = { attestation: symmetricKeys(key), provisioningStatus: 'disabled' } as const;
        enrollments.put(['B', 'a', 'c'].map((registrationId) => ({ registrationId, ...disabled })));
        enrollments.put([{ registrationId: 'b', attestation: symmetricKeys(key) }]);
        enrollments.remove('C');
      },
      ({ enrollments }) => enrollments.page('individual', 0, 9),
    );
    expect(page.entries.map(({ enrollmentId }) => enrollmentId)).toEqual(['b', 'a']);
  });

  it('has a group again with the CA that it referred to, though that is not verified any more', async () => {
    const pki = await createTestPki();
    const { subject } = new X509Certificate(pki.bundle.rootPem);
    const issuers = await survives(
      async ({ enrollments }) => {
        const { caCertificates } = enrollments;
        caCertificates.upload('ca', pki.bundle.rootPem);
        const commonName = caCertificates.requestVerification('ca');
        const proof = await pki.issueDeviceCertificate({ commonName, issuer: 'root' });
        caCertificates.verify('ca', proof.certificatePem);
        const attestation = { type: 'x509', x509: { caReferences: { primary: 'ca' } } } as const;
        enrollments.put([{ enrollmentGroupId: 'fleet', attestation }]);
        caCertificates.upload('ca', pki.bundle.rootPem);
      },
      ({ enrollments }) =>
        [...enrollments.authoritiesNamed(subject)].map(({ group, authority }) => [
          group.enrollmentId,
          authority.certificate.fingerprint256,
          enrollments.caCertificates.verified('ca'),
        ]),
    );
    expect(issuers).toEqual([['fleet', new X509Certificate(pki.bundle.rootPem).fingerprint256, undefined]]);
  });

  it('has a proof of possession under way again', async () => {
    const pki = await createTestPki();
    let commonName = '';
    {
      using parts = open(folder);
      parts.enrollments.caCertificates.upload('ca', pki.bundle.rootPem);
      commonName = parts.enrollments.caCertificates.requestVerification('ca');
    }
    using parts = open(folder);
    const proof = await pki.issueDeviceCertificate({ commonName, issuer: 'root' });
    parts.enrollments.caCertificates.verify('ca', proof.certificatePem);
    expect(parts.enrollments.caCertificates.verified('ca')).toBeDefined();
  });

  it('has registrations again, with operations, etag and assignment', async () => {
    const outcome = { status: 'assigned', substatus: 'initialAssignment' } as const;
    const [states, operation] = await survives(
      ({ registry }) => {
        for (const id of ['one', 'two']) {
          const assigned = { ...outcome, assignedHub: 'h.azure-devices.net', deviceId: id };
          registry.begin(id, 'fleet', { operationId: `o-${id}`, finishesAtMs: 0, outcome: assigned });
        }
      },
      ({ registry }) => [
        registry.statesOf('FLEET', everything),
        registry.operation('ONE', 'o-one'),
        registry.assignment('one'),
        registry.records(),
      ],
    );
    expect(states).toMatchObject({ states: [{ deviceId: 'one' }, { deviceId: 'two' }] });
    expect(operation).toMatchObject({ operationId: 'o-one' });
  });

  it('ends a registration as failed whose webhook nobody waits for any more', () => {
    const begun = { operationId: 'o', finishesAtMs: 0, outcome: undefined };
    {
      using parts = open(folder);
      parts.registry.begin('one', 'fleet', begun);
      expect(parts.registry.state('one')).toMatchObject({ status: 'assigning' });
    }
    using parts = open(folder);
    expect(parts.registry.state('one')).toMatchObject({ status: 'failed', errorCode: 400207 });
  });

  it('has a key again that a TPM was challenged with', async () => {
    const issued = { key, enrolledKey: key, storageRootKey: key, expiresAtMs: 2 };
    const live = await survives(
      ({ issuedKeys }) => issuedKeys.add('one', issued, 1),
      ({ issuedKeys }) => issuedKeys.live('ONE', 1),
    );
    expect(live).toEqual([issued]);
  });

  it('is forgotten by a reset, for good', async () => {
    {
      await using dps = await startDps({ dataDir: folder });
      await dps.control.enroll([{ enrollmentGroupId: 'fleet', attestation: symmetricKeys(key) }]);
      await dps.control.reset();
    }
    await using dps = await startDps({ dataDir: folder });
    expect(await dps.control.enrollments()).toEqual([]);
  });
});
