import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pemToDer, splitPemChain, thumbprints } from './pem.ts';
import { createTestPki, openTestPki, type TestPki } from './test-pki.ts';

describe('test PKI', () => {
  let pki: TestPki;
  let folder: string;

  beforeAll(async () => {
    pki = await createTestPki();
    folder = mkdtempSync(join(tmpdir(), 'dps-rig-pki-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  /** OpenSSL's own opinion: an implementation that nobody here wrote. */
  function opensslVerify(chainPem: string, purpose: 'sslclient' | 'sslserver'): string {
    const [leaf = '', ...intermediates] = splitPemChain(chainPem);
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const untrusted =
      intermediates.length === 0 ? [] : ['-untrusted', file('mid.pem', intermediates.join(''))];
    return execFileSync(
      'openssl',
      [
        'verify',
        '-x509_strict',
        '-purpose',
        purpose,
        '-CAfile',
        file('root.pem', pki.bundle.rootPem),
        ...untrusted,
        file('leaf.pem', leaf),
      ],
      { encoding: 'utf8', stdio: 'pipe' },
    );
  }

  it.each([
    { issuer: 'intermediate', keyAlgorithm: 'ec-p256' },
    { issuer: 'intermediate', keyAlgorithm: 'rsa-2048' },
    { issuer: 'root', keyAlgorithm: 'ec-p256' },
  ] as const)(
    'issues a $keyAlgorithm device certificate under the $issuer that OpenSSL verifies',
    async (how) => {
      const issued = await pki.issueDeviceCertificate({ commonName: 'dev-01', ...how });
      expect(opensslVerify(issued.chainPem, 'sslclient')).toMatch(/: OK\s*$/);
      expect(() => opensslVerify(issued.chainPem, 'sslserver')).toThrow();
      const leaf = new X509Certificate(issued.certificatePem);
      expect(leaf.subject).toBe('CN=dev-01');
      expect(leaf.ca).toBe(false);
    },
  );

  it('leaves a chain unverifiable when its intermediate is left out', async () => {
    const issued = await pki.issueDeviceCertificate({ commonName: 'dev-01' });
    expect(() => opensslVerify(issued.certificatePem, 'sslclient')).toThrow();
  });

  it('issues a self-signed device certificate', async () => {
    const issued = await pki.issueDeviceCertificate({ commonName: 'dev-02', issuer: 'self' });
    const leaf = new X509Certificate(issued.certificatePem);
    expect(leaf.issuer).toBe('CN=dev-02');
    expect(leaf.verify(leaf.publicKey)).toBe(true);
    expect(issued.chainPem).toBe(issued.certificatePem);
  });

  it('issues a server certificate for names, wildcards and addresses', async () => {
    const issued = await pki.issueServerCertificate({
      names: ['global.azure-devices-provisioning.net', '*.azure-devices.net'],
      addresses: ['127.0.0.1', '::1'],
    });
    expect(opensslVerify(issued.chainPem, 'sslserver')).toMatch(/: OK\s*$/);
    const leaf = new X509Certificate(issued.certificatePem);
    expect(leaf.checkHost('global.azure-devices-provisioning.net')).toBeDefined();
    expect(leaf.checkHost('hub-1.azure-devices.net')).toBeDefined();
    expect(leaf.checkHost('elsewhere.example')).toBeUndefined();
    expect(leaf.checkIP('127.0.0.1')).toBeDefined();
    expect(leaf.checkIP('::1')).toBeDefined();
  });

  it('gives each certificate a key and a positive serial of its own', async () => {
    const issued = await Promise.all(
      Array.from({ length: 20 }, (_, i) => pki.issueDeviceCertificate({ commonName: `dev-${i}` })),
    );
    const leaves = issued.map(({ certificatePem }) => new X509Certificate(certificatePem));
    expect(new Set(leaves.map((leaf) => leaf.serialNumber)).size).toBe(20);
    expect(new Set(leaves.map((leaf) => leaf.fingerprint256)).size).toBe(20);
    expect(leaves.map((leaf) => leaf.serialNumber).every((serial) => /^[4-7]/.test(serial))).toBe(true);
    for (const { chainPem, privateKeyPem } of issued) {
      expect(() => createSecureContext({ cert: chainPem, key: privateKeyPem })).not.toThrow();
    }
  });

  it('keeps the validity it is asked for, and starts in the past otherwise', async () => {
    const notBefore = new Date('2020-01-01T00:00:00Z');
    const notAfter = new Date('2020-02-01T00:00:00Z');
    const expired = await pki.issueDeviceCertificate({ commonName: 'dev', notBefore, notAfter });
    expect(new X509Certificate(expired.certificatePem).validToDate).toEqual(notAfter);
    const current = await pki.issueDeviceCertificate({ commonName: 'dev' });
    expect(new X509Certificate(current.certificatePem).validFromDate.getTime()).toBeLessThan(Date.now());
  });

  it('goes on from its bundle, which is plain data', async () => {
    const elsewhere = await openTestPki(structuredClone(pki.bundle));
    const issued = await elsewhere.issueDeviceCertificate({ commonName: 'dev-03' });
    expect(opensslVerify(issued.chainPem, 'sslclient')).toMatch(/: OK\s*$/);
  });
});

describe('thumbprints', () => {
  it('are the fingerprints of Node without separators', async () => {
    const { bundle } = await createTestPki();
    const certificate = new X509Certificate(bundle.rootPem);
    expect(thumbprints(pemToDer(bundle.rootPem))).toEqual({
      sha1: certificate.fingerprint.replaceAll(':', ''),
      sha256: certificate.fingerprint256.replaceAll(':', ''),
    });
  });
});

describe('splitPemChain', () => {
  it('refuses text without a certificate', () => {
    expect(() => splitPemChain('nothing here')).toThrow(expect.objectContaining({ code: 'CODEC' }));
  });
});
