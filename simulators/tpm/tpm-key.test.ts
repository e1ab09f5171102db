import { createHmac, randomBytes, X509Certificate } from 'node:crypto';
import type { SecureVersion } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toHex, utf8 } from '../kernel/bytes.ts';
import { registerKey } from '../tls-key/index.ts';
import { issueKeyCertificate, shakeHands, startClientAuthServer } from '../tls-key/testing/handshakes.ts';
import { provisionTpm } from './attestation.ts';
import { commands } from './codec/commands.ts';
import { TPM_CAP, TPM_HANDLE_RANGE } from './codec/constants.ts';
import { createSigningKey, type DeviceKey, signWithHmacKey, wrapHmacKey } from './device-keys.ts';
import { makeTestTpms, type TestTpms } from './testing/test-tpms.ts';
import { createTpmClient } from './tpm-client.ts';
import { type HostedTpm, openTpmHost, type TpmHost } from './tpm-host.ts';
import { openTpmKey } from './tpm-key.ts';
import { openSwtpmProcess } from './transports/swtpm-process.ts';

const never = new AbortController().signal;

let made: TestTpms;
let host: TpmHost;
beforeAll(async () => {
  made = await makeTestTpms(2);
  host = await openTpmHost({ mode: 'dedicated', workDirectory: made.workDirectory });
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await made[Symbol.asyncDispose]();
});

const open = (index: number, from = host): Promise<HostedTpm> =>
  from.open(made.tpms[index] ?? expect.unreachable(`no TPM ${index} was made`), never);

const makeKey = (tpm: HostedTpm, algorithm: 'ec-p256' | 'rsa-2048') =>
  tpm.use((transport) => createSigningKey(createTpmClient(transport), algorithm, never), never);

const transientHandles = (tpm: HostedTpm) =>
  tpm.use(async (transport) => {
    const request = { capability: TPM_CAP.HANDLES, property: TPM_HANDLE_RANGE.TRANSIENT, propertyCount: 8 };
    return (await createTpmClient(transport).execute(commands.GetCapability, request)).capabilityData;
  }, never);

describe.each(['ec-p256', 'rsa-2048'] as const)('an %s key in a TPM', (algorithm) => {
  it.each<SecureVersion>(['TLSv1.2', 'TLSv1.3'])('authenticates a TLS client in %s', async (version) => {
    await using server = await startClientAuthServer({ minVersion: version, maxVersion: version });
    await using tpm = await open(0);
    const created = await makeKey(tpm, algorithm);
    await using key = await openTpmKey(tpm, created, never);
    using registered = registerKey({
      publicKey: key.publicKey(),
      sign: (request) => key.signDigest(request),
    });
    const cert = await issueKeyCertificate('dev-tpm', key);
    const greeting = await shakeHands(server.port, { cert, key: registered.pem });
    expect(greeting.fingerprint256).toBe(new X509Certificate(cert).fingerprint256);
    expect(registered).toMatchObject({ signed: 1, lastError: undefined });
    expect(key.lastError).toBeUndefined();
  });
});

describe('an RSA key in a TPM', () => {
  it('signs with PKCS#1 v1.5 too', async () => {
    await using server = await startClientAuthServer({
      maxVersion: 'TLSv1.2',
      sigalgs: 'RSA+SHA256:ECDSA+SHA256',
    });
    await using tpm = await open(0);
    await using key = await openTpmKey(tpm, await makeKey(tpm, 'rsa-2048'), never);
    using registered = registerKey({
      publicKey: key.publicKey(),
      sign: (request) => key.signDigest(request),
    });
    const cert = await issueKeyCertificate('dev-tpm', key);
    await expect(shakeHands(server.port, { cert, key: registered.pem })).resolves.toBeDefined();
  });
});

describe('openTpmKey', () => {
  it('leaves nothing in the TPM and needs no state of it', async () => {
    let created: DeviceKey;
    {
      await using tpm = await open(0);
      created = await makeKey(tpm, 'ec-p256');
    }
    {
      await using tpm = await open(0);
      const key = await openTpmKey(borrowed(tpm), created, never);
      await key[Symbol.asyncDispose]();
      await expect(transientHandles(tpm)).resolves.toEqual({ kind: 'handles', handles: [] });
    }
  });

  it('refuses a key that another TPM made', async () => {
    await using maker = await open(1);
    const created = await makeKey(maker, 'ec-p256');
    await expect(openTpmKey(await open(0), created, never)).rejects.toMatchObject({
      command: 'TPM2_Load',
      code: 'TPM_RC_INTEGRITY',
    });
  });

  it('gives a signature up at its deadline, and the handshake with it', async () => {
    await using server = await startClientAuthServer();
    await using swtpm = await openSwtpmProcess();
    await provisionTpm(createTpmClient(swtpm), { algorithm: 'ecc' });
    const created = await createSigningKey(createTpmClient(swtpm), 'ec-p256');
    const tpm: HostedTpm = { use: (flow) => flow(swtpm), [Symbol.asyncDispose]: () => Promise.resolve() };
    await using key = await openTpmKey(tpm, created, never, { signDeadlineMs: 100 });
    using registered = registerKey({
      publicKey: key.publicKey(),
      sign: (request) => key.signDigest(request),
    });
    const cert = await issueKeyCertificate('dev-tpm', key);
    process.kill(swtpm.pid, 'SIGSTOP');
    await expect(shakeHands(server.port, { cert, key: registered.pem })).rejects.toThrow(
      /no complete answer/,
    );
    process.kill(swtpm.pid, 'SIGCONT');
    expect(key.lastError).toMatchObject({ code: 'TPM_TIMEOUT', phase: 'timeout' });
  });

  it('refuses a pool, whose TPMs are away while a handshake goes on', async () => {
    await using pool = await openTpmHost({ mode: 'pooled', workDirectory: made.workDirectory, poolSize: 1 });
    await using tpm = await open(1, pool);
    const created = await makeKey(tpm, 'ec-p256');
    await expect(openTpmKey(tpm, created, never)).rejects.toMatchObject({
      code: 'ENVIRONMENT',
      component: 'tpm',
    });
  });
});

describe('a symmetric key in a TPM', () => {
  it.each([16, 32, 64])('of %i bytes computes HMAC-SHA256', async (length) => {
    await using tpm = await open(0);
    const secret = randomBytes(length);
    const input = utf8('0ne00000001%2Fregistrations%2Fdev-01\n1700000000');
    const mac = await tpm.use(async (transport) => {
      const client = createTpmClient(transport);
      return signWithHmacKey(client, await wrapHmacKey(client, secret, never), input, never);
    }, never);
    expect(toHex(mac)).toBe(createHmac('sha256', secret).update(input).digest('hex'));
  });
});

/** The key disposes of the TPM that it is given; here the test goes on with it. */
const borrowed = (tpm: HostedTpm): HostedTpm => ({
  use: (flow, signal) => tpm.use(flow, signal),
  [Symbol.asyncDispose]: () => Promise.resolve(),
});
