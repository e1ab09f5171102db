import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { toBase64, utf8 } from '../../kernel/bytes.ts';
import { systemClock } from '../../kernel/clock.ts';
import { createTestPki } from '../../pki/test-pki.ts';
import { hmacSha256 } from '../../wire/hmac-sha256.ts';
import { formatSasToken } from '../../wire/sas-token.ts';
import type { DeviceCredentials } from '../device-spec.ts';
import { collectEvidence, type EvidenceSources } from './collect-evidence.ts';

const key = new Uint8Array(randomBytes(32));
const symmetric: DeviceCredentials = { kind: 'symmetric-key', key: toBase64(key) };
const sr = '0ne1%2Fregistrations%2Fdev-1';
const se = 1_800_000_000;

const collect = (changes: Partial<EvidenceSources>) =>
  collectEvidence(
    {
      registrationId: 'dev-1',
      credentials: symmetric,
      endpoint: { hostName: 'dps.example', port: 443, idScope: '0ne1', apiVersion: '' },
      clock: systemClock,
      tpms: undefined,
      sent: {},
      waitingFor: undefined,
      identityRefused: true,
      keyRefused: false,
      ...changes,
    },
    new AbortController().signal,
  );

const tokenOver = (text: string): string =>
  formatSasToken({ sr, signature: hmacSha256(key, text), expirySeconds: se });

describe('collectEvidence', () => {
  it.each([
    ['documented', `${sr}\n${se}`],
    ['without-line-feed', `${sr}${se}`],
    ['sr-not-encoded', `0ne1/registrations/dev-1\n${se}`],
    ['not-by-this-key', 'anything else'],
  ])('finds a signature to be %s', async (signed, text) => {
    const { sas } = await collect({ sent: { sasToken: tokenOver(text) } });
    expect(sas).toEqual({ sr, se, signed });
  });

  it('tells no signature and no key, only what a key can be compared by', async () => {
    const sasToken = tokenOver(`${sr}\n${se}`);
    const evidence = await collect({ sent: { sasToken } });
    const digest = createHash('sha256').update(key).digest('hex');
    expect(evidence.key).toEqual({ bytes: 32, digest, padding: 'as-needed' });
    const text = JSON.stringify(evidence);
    for (const secret of [toBase64(key), Buffer.from(key).toString('hex'), 'sig=']) {
      expect(text).not.toContain(secret);
    }
  });

  it('sees that a key has lost its padding', async () => {
    const unpadded = toBase64(key).replace(/=+$/, '');
    const { key: seen } = await collect({ credentials: { kind: 'symmetric-key', key: unpadded } });
    expect(seen).toMatchObject({ bytes: 32, padding: 'missing' });
  });

  it('reads the chain as the device sends it, and whether the leaf is for its key', async () => {
    const pki = await createTestPki();
    const mine = await pki.issueDeviceCertificate({
      commonName: 'dev-1',
      issuer: 'intermediate',
      keyAlgorithm: 'ec-p256',
    });
    const other = await pki.issueDeviceCertificate({
      commonName: 'dev-1',
      issuer: 'self',
      keyAlgorithm: 'ec-p256',
    });
    const credentials = {
      kind: 'x509',
      certificateChainPem: mine.chainPem,
      privateKeyPem: mine.privateKeyPem,
    } as const;
    const { chain } = await collect({ credentials });
    expect(chain).toMatchObject({
      certificates: [{ commonName: 'dev-1', selfSigned: false }, { subject: chain?.certificates[0]?.issuer }],
      certifiesOwnKey: true,
    });
    const mixed = await collect({ credentials: { ...credentials, privateKeyPem: other.privateKeyPem } });
    expect(mixed.chain?.certifiesOwnKey).toBe(false);
    expect(JSON.stringify(mixed)).not.toContain('PRIVATE');
  });

  it('asks no TPM that the device still waits for', async () => {
    const credentials: DeviceCredentials = {
      kind: 'tpm',
      tpmId: 'tpm-1',
      stateFile: '/nowhere',
      endorsementKey: toBase64(utf8('ek')),
      storageRootKey: toBase64(utf8('srk')),
    };
    const waitingFor = { phase: 'tpm', step: 'tpm.activate', forMs: 5_000 } as const;
    const { tpm } = await collect({ credentials, waitingFor });
    expect(tpm?.condition).toEqual({ kind: 'silent', code: 'TIMEOUT' });
  });
});
