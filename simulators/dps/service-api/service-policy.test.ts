import { describe, expect, it } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import { formatSasToken, signSas } from '../../wire/sas-token.ts';
import { defaultRules, resolveRules } from '../rules.ts';
import { authorize, OWNER_POLICY_NAME, refuseWithoutRight, serviceRights } from './service-policy.ts';

const key = new Uint8Array(32).fill(7);
const owner = { name: OWNER_POLICY_NAME, key, rights: serviceRights };
const host = 'my-dps.azure-devices-provisioning.net';
const nowSeconds = Math.floor(Date.now() / 1000);

/** Tries a token, by default a good one for the whole host. */
function refusalOf({
  sr = host,
  expirySeconds = nowSeconds + 3600,
  skn = OWNER_POLICY_NAME,
  signedWith = key,
  target = '/enrollments/dev-1?api-version=2021-10-01',
  hostHeader = `${host}:8443`,
}: {
  readonly sr?: string;
  readonly expirySeconds?: number;
  readonly skn?: string | undefined;
  readonly signedWith?: Uint8Array;
  readonly target?: string;
  readonly hostHeader?: string;
} = {}) {
  const signature = signSas(signedWith, sr, expirySeconds);
  const authorization = formatSasToken({ sr, signature, expirySeconds, skn });
  const authorized = authorize({ authorization, host: hostHeader, target }, [owner], systemClock);
  return 'refusal' in authorized ? authorized.refusal : undefined;
}

describe('authorize', () => {
  it.each([
    host,
    host.toUpperCase(),
    `${host}:8443`,
    `${host}%2F`,
    `${host}/enrollments`,
    encodeURIComponent(`${host}/enrollments/dev-1`),
  ])('takes a token for %s', (sr) => {
    expect(refusalOf({ sr })).toBeUndefined();
  });

  it.each([
    ['another host', { sr: 'other.azure-devices-provisioning.net' }],
    ['a path next to it', { sr: `${host}/enroll` }],
    ['a path below it', { sr: `${host}/enrollments/dev-1/attestationmechanism` }],
    ['another policy', { skn: 'reader' }],
    ['no policy', { skn: undefined }],
    ['a stray percent sign', { sr: '%E0%A4%A' }],
    ['another key', { signedWith: new Uint8Array(32).fill(8) }],
    ['a time that is over', { expirySeconds: nowSeconds - 1 }],
  ])('refuses a token for %s', (_what, wrong) => {
    const given = 'skn' in wrong && wrong.skn === undefined ? { skn: '' } : wrong;
    expect(refusalOf(given)).toMatchObject({ status: 401, errorCode: 401002 });
  });

  it.each([undefined, '', 'Bearer abc', 'SharedAccessSignature sr=a'])(
    'refuses %s as a token',
    (authorization) => {
      const request = { authorization, host, target: '/enrollments/dev-1' };
      expect(authorize(request, [owner], systemClock)).toMatchObject({ refusal: { status: 401 } });
    },
  );
});

describe('refuseWithoutRight', () => {
  const rights: readonly ('EnrollmentRead' | 'RegistrationStatusRead')[] = ['EnrollmentRead'];
  const reader = { name: 'reader', key, rights };
  const get = { action: 'get', kind: 'individual', id: 'dev-1' } as const;

  it.each(['put', 'delete', 'keys'] as const)('keeps a reader from %s', (action) => {
    expect(refuseWithoutRight({ ...get, action }, reader, defaultRules)).toMatchObject({
      status: 401,
      errorCode: 401002,
    });
  });

  it('tells rights to enrollments and to registrations apart', () => {
    const state = { action: 'get-state', id: 'dev-1' } as const;
    expect(refuseWithoutRight(get, reader, defaultRules)).toBeUndefined();
    expect(refuseWithoutRight(state, reader, defaultRules)).toMatchObject({ status: 401 });
    expect(refuseWithoutRight(state, owner, defaultRules)).toBeUndefined();
  });

  it('answers 403 under the rule that says so', () => {
    const rules = resolveRules({ 'missing-right': '403000' });
    expect(refuseWithoutRight({ ...get, action: 'put' }, reader, rules)).toMatchObject({ errorCode: 403000 });
  });
});
