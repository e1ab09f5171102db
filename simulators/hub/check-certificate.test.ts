import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readAuthority } from '../pki/certificate-chain.ts';
import { pemToDer } from '../pki/pem.ts';
import { createTestPki } from '../pki/test-pki.ts';
import { checkCertificate } from './check-certificate.ts';
import { createIdentity } from './hub-registry.ts';

const pki = await createTestPki();
const strangers = await createTestPki();
const nowMs = Date.now();
const dayMs = 86_400_000;
const authority = (pem: string) => readAuthority(new X509Certificate(pem));
const authorities = [authority(pki.bundle.rootPem)];
const identity = createIdentity({ deviceId: 'dev-01', authentication: { type: 'certificateAuthority' } });

const { certificatePem } = await pki.issueDeviceCertificate({ commonName: 'dev-01' });
const leaf = pemToDer(certificatePem);
const intermediate = pemToDer(pki.bundle.intermediatePem);
const leafOf = async (request: Parameters<typeof pki.issueDeviceCertificate>[0], from = pki) => {
  const issued = await from.issueDeviceCertificate(request);
  return pemToDer(issued.certificatePem);
};

const [ofRoot, renamed, respelled, strange, selfMade, expired] = await Promise.all([
  leafOf({ commonName: 'dev-01', issuer: 'root' }),
  leafOf({ commonName: 'dev-02' }),
  leafOf({ commonName: 'DEV-01' }),
  leafOf({ commonName: 'dev-01' }, strangers),
  leafOf({ commonName: 'dev-01', issuer: 'self' }),
  leafOf({
    commonName: 'dev-01',
    notBefore: new Date(nowMs - 2 * dayMs),
    notAfter: new Date(nowMs - dayMs),
  }),
]);

describe('a hub that knows a device by its CA', () => {
  it.each([
    ['a leaf and its intermediate', [leaf, intermediate]],
    ['a leaf of the CA itself', [ofRoot]],
    ['more certificates than needed', [leaf, pemToDer(strangers.bundle.intermediatePem), intermediate]],
  ])('lets it in by %s', (_what, chain) => {
    expect(checkCertificate(chain, identity, { authorities, nowMs })).toBeUndefined();
  });

  it('takes an intermediate as the verified CA', () => {
    const trusted = [authority(pki.bundle.intermediatePem)];
    expect(checkCertificate([leaf], identity, { authorities: trusted, nowMs })).toBeUndefined();
  });

  it.each([
    ['nothing', [], 'neither a token'],
    ['a missing intermediate', [leaf], 'reaches no verified CA'],
    ['another CN', [renamed, intermediate], 'CN dev-02 is not'],
    ['a CN in another spelling', [respelled, intermediate], 'CN DEV-01 is not'],
    [
      'a chain to another CA',
      [strange, pemToDer(strangers.bundle.intermediatePem)],
      'reaches no verified CA',
    ],
    ['its own signature', [selfMade], 'reaches no verified CA'],
    ['an expired leaf', [expired, intermediate], 'expired since'],
    ['what is no certificate', [new Uint8Array(9)], 'cannot be read'],
    ['a chain without end', [leaf, ...Array.from({ length: 10 }, () => intermediate)], 'has 11'],
  ])('refuses %s', (_what, chain, reason) => {
    const refusal = checkCertificate(chain, identity, { authorities, nowMs });
    expect(refusal).toMatchObject({ errorCode: 401002, name: 'IotHubUnauthorizedAccess' });
    expect(refusal?.reason).toContain(reason);
  });

  it('refuses a chain whose CA is not verified, or no longer valid', () => {
    const chain = [leaf, intermediate];
    expect(checkCertificate(chain, identity, { authorities: [], nowMs })?.errorCode).toBe(401002);
    const later = Date.parse(new X509Certificate(pki.bundle.rootPem).validTo) + dayMs;
    expect(checkCertificate(chain, identity, { authorities, nowMs: later })?.errorCode).toBe(401002);
  });
});
