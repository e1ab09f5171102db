import { describe, expect, it } from 'vitest';
import { diagnose } from './diagnose.ts';
import type { Evidence } from './evidence.ts';
import {
  answeringTpm,
  enrolledIndividually,
  evidenceOf,
  group,
  NOW_MS,
  tpmRefusal,
} from './testing/evidence.ts';

const causeOf = (evidence: Evidence): string => diagnose(evidence).cause;

const inHub = (status: 'gone' | 'disabled'): Evidence['enrollment'] => ({
  ...enrolledIndividually('symmetric-key', { keys: ['key'] }),
  hubIdentity: { hub: 'hub-1', deviceId: 'dev-1', status },
});

describe('diagnose', () => {
  // Each pair ends under one code; what tells them apart is in the evidence alone.
  it.each<[string, Evidence, string, Evidence, string]>([
    [
      'a key that is not in the TPM',
      evidenceOf('tpm', {
        result: tpmRefusal('TPM_RC_HANDLE'),
        device: { tpm: answeringTpm({ persistentHandles: [0x81010001] }) },
      }),
      'srk-missing',
      evidenceOf('tpm', {
        result: tpmRefusal('TPM_RC_HANDLE', 'TPM2_HMAC'),
        device: { tpm: answeringTpm({ persistentHandles: [0x81010001, 0x81000001] }) },
      }),
      'identity-key-missing',
    ],
    [
      'a proof of integrity',
      evidenceOf('tpm', {
        result: tpmRefusal('TPM_RC_INTEGRITY'),
        device: { tpm: answeringTpm({ storageRootKey: 'other' }) },
      }),
      'srk-changed',
      evidenceOf('tpm', { result: tpmRefusal('TPM_RC_INTEGRITY'), device: { tpm: answeringTpm({}) } }),
      'blob-damaged',
    ],
    [
      'a challenge that cannot be answered',
      evidenceOf('tpm', {
        result: tpmRefusal('TPM_RC_FAILURE', 'TPM2_ActivateCredential'),
        device: { tpm: { ...answeringTpm({}), presentedEndorsementKey: 'of another' } },
      }),
      'ek-of-another-tpm',
      evidenceOf('tpm', {
        result: tpmRefusal('TPM_RC_FAILURE', 'TPM2_ActivateCredential'),
        device: { tpm: answeringTpm({}) },
      }),
      'credential-of-another-ek',
    ],
    [
      'a password',
      evidenceOf('tpm', {
        result: tpmRefusal('TPM_RC_BAD_AUTH'),
        device: { tpm: answeringTpm({ ownerPassword: true }) },
      }),
      'owner-password',
      evidenceOf('tpm', {
        result: tpmRefusal('TPM_RC_BAD_AUTH'),
        device: { tpm: answeringTpm({ endorsementPassword: true }) },
      }),
      'endorsement-password',
    ],
    [
      'the dates of the server’s certificate',
      evidenceOf('symmetric-key', {
        code: 'CERT_NOT_YET_VALID',
        device: { clock: { deviceMs: 0, machineMs: NOW_MS } },
      }),
      'clock-before-server-certificate',
      evidenceOf('symmetric-key', {
        code: 'CERT_NOT_YET_VALID',
        service: {
          probe: {
            kind: 'answers',
            certificates: [
              { subject: 'CN=server', issuer: 'CN=root', notBeforeMs: NOW_MS + 1, notAfterMs: NOW_MS + 2 },
            ],
          },
        },
      }),
      'server-certificate-dates',
    ],
    [
      'an expired token',
      evidenceOf('symmetric-key', {
        device: {
          sas: { sr: 'sr', se: NOW_MS / 1000 - 60, signed: 'documented' },
          clock: { deviceMs: NOW_MS - 7_200_000, machineMs: NOW_MS },
        },
        enrollment: enrolledIndividually('symmetric-key', { keys: ['key'] }),
      }),
      'clock-behind',
      evidenceOf('symmetric-key', {
        device: { sas: { sr: 'sr', se: NOW_MS / 1000 - 60, signed: 'documented' } },
        enrollment: enrolledIndividually('symmetric-key', { keys: ['key'] }),
      }),
      'sas-expired',
    ],
    [
      'a key in a group',
      evidenceOf('symmetric-key', {
        enrollment: group({ derivedFromOtherCase: ['key'] }),
        planned: { enrollment: 'group', attestation: 'symmetric-key' },
      }),
      'key-of-other-case',
      evidenceOf('symmetric-key', {
        enrollment: group({}),
        planned: { enrollment: 'group', attestation: 'symmetric-key' },
      }),
      'key-not-enrolled',
    ],
    [
      'a connection that is refused',
      evidenceOf('symmetric-key', {
        code: 'ECONNREFUSED',
        service: { probe: { kind: 'silent', code: 'ECONNREFUSED' } },
      }),
      'connection-refused',
      evidenceOf('symmetric-key', { code: 'ENOTFOUND' }),
      'name-not-resolved',
    ],
    [
      'a port that is closed',
      evidenceOf('tpm', {
        result: {
          kind: 'error',
          error: {
            name: 'TransportError',
            family: 'peer',
            code: 'ECONNREFUSED',
            message: 'connect ECONNREFUSED 127.0.0.1:2321',
            details: { phase: 'tpm' },
          },
        },
      }),
      'tpm-unreachable',
      evidenceOf('tpm', { code: 'ECONNREFUSED' }),
      'connection-refused',
    ],
    [
      'a hub that refuses',
      evidenceOf('symmetric-key', {
        code: 'HUB_IotHubUnauthorizedAccess',
        enrollment: inHub('gone'),
      }),
      'hub-identity-gone',
      evidenceOf('symmetric-key', {
        code: 'HUB_IotHubUnauthorizedAccess',
        enrollment: inHub('disabled'),
      }),
      'hub-identity-disabled',
    ],
    [
      'a long wait',
      evidenceOf('tpm', { code: 'TIMEOUT', phasesMs: { tpm: 10, register: 4_000 } }),
      'service-does-not-answer',
      evidenceOf('tpm', { code: 'TIMEOUT', phasesMs: { tpm: 10, 'tcp-tls': 4_000 } }),
      'connect-hangs',
    ],
  ])('tells two causes of %s apart', (_what, first, firstCause, second, secondCause) => {
    expect([causeOf(first), causeOf(second)]).toEqual([firstCause, secondCause]);
  });

  it('counts the service’s Date against the device’s clock, not the clock of this machine', () => {
    const evidence = evidenceOf('symmetric-key', {
      device: { sas: { sr: 'sr', se: NOW_MS / 1000 + 60, signed: 'documented' } },
      enrollment: enrolledIndividually('symmetric-key', { keys: ['key'] }),
      service: { probe: { kind: 'answers', certificates: [], clockAheadMs: 660_000 } },
    });
    expect(diagnose(evidence)).toMatchObject({ cause: 'clock-behind', confidence: 'certain' });
    expect(diagnose(evidence).statement).toContain('11 min behind');
  });

  it('blames no key, no scope and no enrollment for a way that is broken', () => {
    const wrong = evidenceOf('symmetric-key', {
      code: 'ECONNRESET',
      device: { idScope: '0neOTHER' },
      enrollment: group({ derivedTwice: ['key'] }),
    });
    expect(causeOf(wrong)).toBe('connection-lost');
  });

  it('names no cause that the evidence does not show, and says what the code may mean', () => {
    const evidence = evidenceOf('symmetric-key', { device: undefined, enrollment: undefined });
    expect(diagnose(evidence)).toMatchObject({ cause: 'unknown', confidence: 'possible', explain: '401002' });
  });

  it('does not take a token for altered whose key nobody knows', () => {
    const evidence = evidenceOf('symmetric-key', {
      device: { sas: { sr: 'sr', se: NOW_MS / 1000 + 60, signed: 'unknown' } },
      enrollment: enrolledIndividually('symmetric-key', { keys: ['key'] }),
    });
    expect(causeOf(evidence)).toBe('unknown');
  });
});
