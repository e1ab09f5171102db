import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { readdirSync } from 'node:fs';
import type { TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  createDevice,
  createFleetAuthority,
  type DeviceSpec,
  type DeviceTrace,
  type FleetAuthority,
  issueCredentials,
} from '../../simulators/index.ts';
import { openTestTokens, type TestTokens } from '../../simulators/pkcs11/testing/test-tokens.ts';
import type { StoredToken } from '../../simulators/pkcs11/token-store.ts';
import {
  answer,
  inTurn,
  startTestServer,
  type TestServer,
} from '../../simulators/transport/testing/tls-server.ts';
import { createRigProgram, type RigProgram } from '../support/rig-program.ts';

const never = new AbortController().signal;
const operationId = '4.op';

/** A service that assigns whoever comes, and notes the public key that the TLS layer has verified. */
async function startWitness(seen: KeyObject[]): Promise<TestServer> {
  const registrationState = {
    registrationId: 'dev-01',
    assignedHub: 'hub-1.azure-devices.net',
    deviceId: 'dev-01',
    status: 'assigned',
  };
  const answers = inTurn(
    answer(202, { operationId, status: 'assigning' }, { 'Retry-After': '0' }),
    answer(200, { operationId, status: 'assigned', registrationState }),
  );
  return startTestServer((request, response) => {
    const certificate = (request.socket as TLSSocket).getPeerX509Certificate();
    if (certificate !== undefined) seen.push(certificate.publicKey);
    answers(request, response);
  });
}

describe('a device whose key is in a token', () => {
  let tokens: TestTokens;
  let authority: FleetAuthority;
  beforeAll(async () => {
    tokens = await openTestTokens({ 'ec-p256': 1, 'rsa-2048': 1, empty: 1 });
    authority = await createFleetAuthority();
  });
  afterAll(() => tokens[Symbol.asyncDispose]());

  const tokenFor = (content: StoredToken['content']): StoredToken => {
    const token = tokens.tokens.find((one) => one.content === content);
    if (token === undefined) throw new Error(`no ${content} token`);
    return token;
  };
  const register = async (
    spec: Partial<DeviceSpec> & Pick<DeviceSpec, 'attestation' | 'client'>,
    token: StoredToken,
    seen: KeyObject[] = [],
  ): Promise<DeviceTrace> => {
    const whole: DeviceSpec = {
      index: 0,
      registrationId: 'dev-01',
      enrollment: 'individual',
      keyStore: 'softhsm',
      transport: 'https',
      platform: 'linux',
      ...spec,
    };
    const { credentials } = await issueCredentials(whole, authority, { token: { token, host: tokens.host } });
    await using server = await startWitness(seen);
    await using device = createDevice(whole, credentials, {
      endpoint: server.endpoint,
      tokens: tokens.host,
      seed: 1,
      attemptTimeoutMs: 10_000,
      recordSteps: true,
    });
    await device.prepare(never);
    return await device.register(never);
  };

  it.each([
    ['ec-p256', 'native'],
    ['ec-p256', 'azure-sdk'],
    ['rsa-2048', 'native'],
    ['rsa-2048', 'azure-sdk'],
  ] as const)('shows the server exactly the public key of its token: %s, %s', async (algorithm, client) => {
    const token = tokenFor(algorithm);
    const seen: KeyObject[] = [];
    const trace = await register({ attestation: 'x509', keyAlgorithm: algorithm, client }, token, seen);
    expect(trace.result.kind).toBe('assigned');
    const der = Buffer.from(token.publicKey ?? '', 'base64');
    const own = createPublicKey({ key: der, type: 'spki', format: 'der' });
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.every((key) => key.equals(own))).toBe(true);
    expect(trace.keyUse).toEqual({ signatures: 1, handshakes: 1, resumed: 0 });
  });

  it('has every call of its token in its trace, and no secret', async () => {
    const { steps } = await register({ attestation: 'x509', client: 'native' }, tokenFor('ec-p256'));
    const calls = steps.filter(({ step }) => step.startsWith('C_'));
    expect(calls.map(({ step }) => step)).toEqual([
      'C_GetTokenInfo',
      'C_OpenSession',
      'C_Login',
      'C_FindObjects',
      'C_FindObjects',
      'C_GetAttributeValue',
      'C_GetAttributeValue',
      'C_SignInit',
      'C_Sign',
    ]);
    expect(new Set(calls.map(({ detail }) => detail))).toEqual(new Set(['CKR_OK']));
  });

  it.each(['native', 'azure-sdk'] as const)('signs its SAS token in the token: %s', async (client) => {
    const trace = await register({ attestation: 'symmetric-key', client }, tokenFor('empty'));
    expect(trace.result.kind).toBe('assigned');
    expect(trace.keyUse).toEqual({ signatures: 1, handshakes: 0, resumed: 0 });
  });

  it('is told by its token what went wrong when TLS only says that it failed', async () => {
    const { result } = await register(
      { attestation: 'x509', client: 'native', fault: 'token-error' },
      tokenFor('ec-p256'),
    );
    expect(result).toMatchObject({ kind: 'error', error: { code: 'CKR_DEVICE_ERROR', family: 'peer' } });
  });

  it('has another key than the next device', () => {
    const digests = tokens.tokens.flatMap(({ publicKey }) =>
      publicKey === undefined ? [] : [createHash('sha256').update(publicKey).digest('hex')],
    );
    expect(new Set(digests).size).toBe(2);
  });
});

describe('dps-rig run with keys in tokens', () => {
  const scenario = (name: string): string =>
    fileURLToPath(new URL(`../../scenarios/${name}`, import.meta.url));
  const directoriesInMemory = (): string[] =>
    readdirSync('/dev/shm').filter((name) => name.startsWith('dps-rig-tokens-'));
  let rig: RigProgram;
  beforeEach(() => {
    rig = createRigProgram();
  });
  afterEach(() => rig[Symbol.asyncDispose]());

  it('registers the fleet of scenarios/hsm.toml on several threads, with evidence of custody', async () => {
    const before = directoriesInMemory();
    const args = ['run', scenario('hsm.toml'), '--devices', '40', '--out', rig.out];
    const { exitCode, stdout, stderr } = await rig.run(...args);
    expect(exitCode, stderr + stdout).toBe(0);
    const { keyCustody, outcomes } = rig.result();
    expect(outcomes).toEqual({ assigned: 40, ended: 0, error: 0, aborted: 0 });
    expect(keyCustody?.keys).toHaveLength(40);
    for (const key of keyCustody?.keys ?? []) {
      expect(key).toMatchObject({
        sensitive: true,
        extractable: false,
        refusedRead: 'CKR_ATTRIBUTE_SENSITIVE',
        signatures: 1,
        resumed: 0,
      });
      expect(key.certificateSeen).toBe(key.certificate);
    }
    const certificates = (keyCustody?.keys ?? []).flatMap(({ certificate }) => certificate ?? []);
    expect(new Set(certificates).size).toBe(certificates.length);
    expect(keyCustody?.sessions.open).toBe(0);
    expect(stdout).toContain('KEY CUSTODY');
    expect(directoriesInMemory()).toEqual(before);
  });

  it('gives every mistake with a token its own outcome and touches no device beside it', async () => {
    const { exitCode, stdout, stderr } = await rig.run(
      'run',
      scenario('conformance/hsm-faults.toml'),
      '--out',
      rig.out,
    );
    expect(exitCode, stderr + stdout).toBe(0);
    const { errors, cells } = rig.result();
    expect(errors.map(({ code }) => code).toSorted()).toEqual([
      'CERTIFICATE_KEY_MISMATCH',
      'CKR_DEVICE_ERROR',
      'CKR_DEVICE_REMOVED',
      'CKR_KEY_HANDLE_INVALID',
      'CKR_PIN_INCORRECT',
      'CKR_PIN_LOCKED',
      'CKR_SESSION_COUNT',
      'CKR_TOKEN_NOT_PRESENT',
      'PIN_UNREADABLE',
    ]);
    for (const { fault, outcomes, devices } of cells) {
      if (fault === null) expect(outcomes.assigned).toBe(devices);
    }
  });

  it('waits for a slow token, and says so in the phase of the token', async () => {
    const slow = rig.scenario(
      'name = "slow"\n[endpoint]\nkind = "emulator"\nretryAfterSeconds = 0\n[hsm]\nsignMs = 30\n' +
        '[[fleet]]\ndevices = 3\nattestation = "symmetric-key"\nkeyStore = "softhsm"\n',
    );
    const { exitCode, stderr } = await rig.run('run', slow, '--out', rig.out);
    expect(exitCode, stderr).toBe(0);
    expect(rig.result().phases['hsm']?.minMs).toBeGreaterThanOrEqual(29);
  });
});
