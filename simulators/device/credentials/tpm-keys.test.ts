import { createHmac, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fromBase64, toHex, utf8 } from '../../kernel/bytes.ts';
import { shakeHands, startClientAuthServer } from '../../tls-key/testing/handshakes.ts';
import { makeTestTpms, type TestTpms } from '../../tpm/testing/test-tpms.ts';
import { openTpmHost, type TpmHost, type TpmMode } from '../../tpm/tpm-host.ts';
import { deriveGroupDeviceKey } from '../../wire/group-key.ts';
import type { DeviceCredentials, DeviceSpec } from '../device-spec.ts';
import { openSecurityModule } from '../open-security-module.ts';
import { specOf } from '../testing/specs.ts';
import { createFleetAuthority } from './fleet-authority.ts';
import { type IssuedCredentials, issueCredentials } from './issue-credentials.ts';

const never = new AbortController().signal;
const authority = await createFleetAuthority();
const input = utf8('0ne00000001%2Fregistrations%2Fdev-01\n1700000000');

let made: TestTpms;
const hosts = new Map<TpmMode, TpmHost>();
beforeAll(async () => {
  made = await makeTestTpms(1);
  for (const mode of ['dedicated', 'pooled'] as const) {
    hosts.set(mode, await openTpmHost({ mode, workDirectory: made.workDirectory, poolSize: 1 }));
  }
});
afterAll(async () => {
  for (const host of hosts.values()) await host[Symbol.asyncDispose]();
  await made[Symbol.asyncDispose]();
});

const hostOf = (mode: TpmMode): TpmHost => hosts.get(mode) ?? expect.unreachable(`no ${mode} host`);

/** Made on a pool, as a fleet's are, whatever the device uses later. */
const issue = (spec: Partial<DeviceSpec>): Promise<IssuedCredentials> =>
  issueCredentials(specOf({ keyStore: 'swtpm', ...spec }), authority, {
    tpm: made.tpms[0],
    tpmHost: hostOf('pooled'),
  });

const open = (credentials: DeviceCredentials, mode: TpmMode) =>
  openSecurityModule(credentials, { tpms: hostOf(mode), tokens: undefined }, never);

describe.each(['ec-p256', 'rsa-2048'] as const)(
  'an X.509 device with an %s key in its TPM',
  (keyAlgorithm) => {
    it('is seen by a TLS server with the key of its certificate', async () => {
      await using server = await startClientAuthServer({ ca: authority.pki.rootPem });
      const { credentials } = await issue({ attestation: 'x509', enrollment: 'group', keyAlgorithm });
      await using module = await open(credentials, 'dedicated');
      if (module.attestation !== 'x509') expect.unreachable();
      const { cert, key } = module.tls;
      const { fingerprint256 } = await shakeHands(server.port, { cert, key });
      expect(fingerprint256).toBe(new X509Certificate(cert).fingerprint256);
      expect(module.evidence?.keyUse()).toMatchObject({ signatures: 1 });
    });

    it('gives its individual enrollment the certificate that it signed itself', async () => {
      const { credentials, enrollment } = await issue({ attestation: 'x509', keyAlgorithm });
      if (credentials.kind !== 'tpm-x509') expect.unreachable();
      const certificate = new X509Certificate(credentials.certificateChainPem);
      expect(certificate.verify(certificate.publicKey)).toBe(true);
      expect(enrollment?.attestation).toMatchObject({
        x509: { clientCertificates: { primary: { certificate: credentials.certificateChainPem } } },
      });
    });
  },
);

describe('the evidence of a key in a TPM', () => {
  it.each([
    [{ attestation: 'x509', keyAlgorithm: 'ec-p256' }, true, 'TPM_RC_TYPE'],
    [{ attestation: 'x509', keyAlgorithm: 'rsa-2048' }, true, 'TPM_RC_TYPE'],
    [{ attestation: 'symmetric-key' }, false, 'TPM_RC_ATTRIBUTES'],
  ] as const)('of %o says that it cannot leave and was refused', async (spec, local, refusedRead) => {
    const { key } = await issue(spec);
    const whence = { local, alwaysSensitive: local, neverExtractable: local };
    expect(key?.custody).toEqual({ sensitive: true, extractable: false, ...whence, refusedRead });
  });
});

describe.each(['dedicated', 'pooled'] as const)('a symmetric key in a TPM of a %s host', (mode) => {
  it('signs as the key that its group gives', async () => {
    const { credentials } = await issue({ enrollment: 'group' });
    const key = deriveGroupDeviceKey(
      fromBase64(authority.symmetricGroup.primaryKey),
      specOf().registrationId,
    );
    await using module = await open(credentials, mode);
    if (module.attestation !== 'symmetric-key') expect.unreachable();
    expect(toHex(await module.sign(input, never))).toBe(
      createHmac('sha256', key).update(input).digest('hex'),
    );
    expect(module.evidence?.keyUse()).toMatchObject({ signatures: 1 });
  });

  it('is another one than the enrolled key for a device with that mistake', async () => {
    const { credentials, enrollment } = await issue({ fault: 'wrong-key' });
    if (enrollment?.attestation.type !== 'symmetricKey') expect.unreachable();
    const enrolled = fromBase64(enrollment.attestation.symmetricKey?.primaryKey ?? '');
    await using module = await open(credentials, mode);
    if (module.attestation !== 'symmetric-key') expect.unreachable();
    expect(toHex(await module.sign(input, never))).not.toBe(
      createHmac('sha256', enrolled).update(input).digest('hex'),
    );
  });
});

it('refuses a device with a key in a TPM that was given none', async () => {
  const spec = specOf({ attestation: 'x509', keyStore: 'swtpm' });
  await expect(issueCredentials(spec, authority)).rejects.toMatchObject({ code: 'INVARIANT' });
});
