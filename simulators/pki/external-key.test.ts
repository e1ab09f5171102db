import { createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createCertificateRequest, verifyCertificateRequest } from './certificate-request.ts';
import type { ExternalKey } from './external-key.ts';
import { createKeyPair, keyAlgorithms } from './key-pair.ts';
import { createTestPki } from './test-pki.ts';

/** A key that signs by a function alone, and counts. */
async function externalKey(algorithm: (typeof keyAlgorithms)[number]) {
  const { privateKeyPem, subjectPublicKeyInfo } = await createKeyPair(algorithm);
  const key = { key: createPrivateKey(privateKeyPem), dsaEncoding: 'ieee-p1363' as const };
  let signatures = 0;
  const external: ExternalKey = {
    subjectPublicKeyInfo,
    sign: (data) => {
      signatures += 1;
      return sign('sha256', data, key);
    },
  };
  return { external, signatures: () => signatures };
}

describe.each(keyAlgorithms)('a key elsewhere, %s', (algorithm) => {
  it('asks for a certificate and gets one for itself', async () => {
    const { external, signatures } = await externalKey(algorithm);
    const pki = await createTestPki();
    const { certificatePem, chainPem } = await pki.certifyDeviceKey(external, { commonName: 'dev-1' });
    const certificate = new X509Certificate(certificatePem);
    expect(certificate.subject).toBe('CN=dev-1');
    expect(certificate.verify(new X509Certificate(pki.bundle.intermediatePem).publicKey)).toBe(true);
    expect(certificate.publicKey.export({ type: 'spki', format: 'der' })).toEqual(
      Buffer.from(external.subjectPublicKeyInfo),
    );
    expect(chainPem).toContain(pki.bundle.intermediatePem);
    expect(signatures()).toBe(1);
  });

  it('signs its own certificate', async () => {
    const { external } = await externalKey(algorithm);
    const pki = await createTestPki();
    const { certificatePem, chainPem } = await pki.certifyDeviceKey(external, {
      commonName: 'dev-1',
      issuer: 'self',
    });
    const certificate = new X509Certificate(certificatePem);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(chainPem).toBe(certificatePem);
  });
});

describe('verifyCertificateRequest', () => {
  it('refuses a request that another key signed', async () => {
    const [own, other] = [await externalKey('ec-p256'), await externalKey('ec-p256')];
    const request = await createCertificateRequest('dev-1', {
      ...own.external,
      sign: (data) => other.external.sign(data),
    });
    await expect(verifyCertificateRequest(request)).rejects.toMatchObject({ code: 'CODEC' });
  });

  it('refuses what is no request', async () => {
    await expect(verifyCertificateRequest('no request')).rejects.toMatchObject({ code: 'CODEC' });
  });
});
