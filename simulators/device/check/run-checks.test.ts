import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../kernel/clock.ts';
import { UsageError } from '../../kernel/errors.ts';
import { createTestPki, type TestPki } from '../../pki/test-pki.ts';
import { answer, startTestServer, type TestServer } from '../../transport/testing/tls-server.ts';
import type { CheckContext, CheckSubject } from './check.ts';
import { runChecks } from './run-checks.ts';

const never = new AbortController().signal;
const DAY_MS = 86_400_000;

describe('checks of a device', () => {
  let directory: string;
  let pki: TestPki;
  let server: TestServer;
  let certificateFile: string;
  let keyFile: string;

  const file = (name: string, content: string): string => {
    const path = join(directory, name);
    writeFileSync(path, content);
    return path;
  };
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'dps-rig-check-'));
    pki = await createTestPki();
    server = await startTestServer(answer(404, {}));
    const issued = await pki.issueDeviceCertificate({ commonName: 'dev-01' });
    certificateFile = file('dev.pem', issued.chainPem);
    keyFile = file('dev.key', issued.privateKeyPem);
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });

  const x509 = (certificate = certificateFile, privateKey = keyFile): Partial<CheckSubject> => ({
    certificates: [{ id: 'device-id', path: certificate }],
    privateKeys: [{ id: 'device-id', path: privateKey }],
    pairs: [{ certificate: 'device-id', privateKey: 'device-id' }],
  });
  function contextOf(subject: Partial<CheckSubject> = {}, changes: Partial<CheckContext> = {}): CheckContext {
    const { hostName, address, port, caPem } = server.endpoint;
    return {
      subject: {
        ...{ platform: 'linux', version: '1.5', hostName: 'edge-1' },
        provisioning: { source: 'dps', globalEndpoint: `https://${hostName}/` },
        notices: [],
        ...{ certificates: [], privateKeys: [], pairs: [], keysElsewhere: [] },
        ...subject,
      },
      endpoints: { reach: (name) => ({ hostName: name, address, port, caPem }) },
      ...{ deviceHostName: 'edge-1', hubHostName: undefined, clock: systemClock, timeoutMs: 5_000 },
      ...changes,
    };
  }
  async function resultOf(id: string, context: CheckContext) {
    const { version } = context.subject;
    const reports = await runChecks({ version, open: () => Promise.resolve(context), dontRun: [] }, never);
    return reports.find((report) => report.id === id)?.result;
  }

  it('finds nothing wrong with a device that is in order', async () => {
    const context = contextOf(x509(), { hubHostName: server.endpoint.hostName });
    const reports = await runChecks(
      { version: '1.5', open: () => Promise.resolve(context), dontRun: [] },
      never,
    );
    const kinds = Object.groupBy(reports, ({ result }) => result.kind);
    expect(Object.keys(kinds).sort()).toEqual(['ignored', 'ok', 'skipped']);
    expect(kinds.ok?.map(({ id }) => id)).toEqual([
      ...['keyd', 'certd', 'tpmd', 'identityd'].map((daemon) => `${daemon}-config-well-formed`),
      ...['hostname', 'host-local-time', 'identity-certificate-expiry', 'certs-preloaded', 'certs-read'],
      ...['key-pairs-read', 'certs-match-private-keys', 'host-connect-iothub-amqp'],
      ...['host-connect-iothub-https', 'host-connect-iothub-mqtt', 'host-connect-dps-endpoint'],
      'aziot-edged-config-well-formed',
    ]);
    for (const { result } of kinds.skipped ?? []) expect(result).toMatchObject({ reason: /./ });
  });

  it('of 1.1 are those of 1.1', async () => {
    const reports = await runChecks(
      { version: '1.1', open: () => Promise.resolve(contextOf()), dontRun: [] },
      never,
    );
    expect(reports.map(({ id }) => id).slice(0, 5)).toEqual([
      'config-yaml-well-formed',
      'connection-string',
      'container-engine-uri',
      'windows-host-version',
      'hostname',
    ]);
  });

  it.each([
    [
      'is none of the device',
      'other',
      'failed',
      /config has hostname other but device reports hostname edge-1/,
    ],
    ['is not one of RFC 1035', 'edge_1', 'warning', /RFC 1035/],
    ['is too long for a certificate', `a.${'b'.repeat(60)}.cc`, 'warning', /too long to be used/],
  ])('hostname notices a name that %s', async (_what, hostName, kind, text) => {
    const own = hostName === 'other' ? 'edge-1' : hostName;
    const result = await resultOf('hostname', contextOf({ hostName }, { deviceHostName: own }));
    expect(result).toMatchObject({ kind, details: [expect.stringMatching(text)] });
  });

  it.each([
    ['ahead', 1_800_000],
    ['behind', -1_800_000],
  ])('host-local-time notices a clock that is half an hour %s', async (which, skewMs) => {
    const clock = { ...systemClock, nowMs: () => Date.now() + skewMs };
    const result = await resultOf('host-local-time', contextOf({}, { clock }));
    expect(result).toMatchObject({ kind: 'warning', details: [expect.stringContaining(which)] });
  });

  it('host-local-time says when there is nobody to ask', async () => {
    const { port } = await closedPort();
    const endpoints = { reach: (hostName: string) => ({ hostName, address: '127.0.0.1', port }) };
    const result = await resultOf('host-local-time', contextOf({}, { endpoints }));
    expect(result).toMatchObject({ kind: 'warning', details: [expect.stringMatching(/^Could not query/)] });
  });

  it.each([
    ['has expired', { notBefore: -30, notAfter: -1 }, 'failed', /expired at/],
    ['will expire within a week', { notBefore: -30, notAfter: 6 }, 'warning', /will expire soon/],
    ['is of the future', { notBefore: 1, notAfter: 30 }, 'failed', /has not-before time .* in the future/],
  ])('identity-certificate-expiry notices one that %s', async (what, days, kind, text) => {
    const at = (day: number): Date => new Date(Date.now() + day * DAY_MS);
    const issued = await pki.issueDeviceCertificate({
      ...{ commonName: 'dev-01', notBefore: at(days.notBefore), notAfter: at(days.notAfter) },
    });
    const path = file(`${what}.pem`, issued.chainPem);
    const result = await resultOf('identity-certificate-expiry', contextOf(x509(path)));
    expect(result).toMatchObject({ kind, details: [expect.stringMatching(text)] });
  });

  it.each(['certs-preloaded', 'certs-read', 'identity-certificate-expiry'])(
    '%s notices a certificate that is missing, and one that is none',
    async (id) => {
      const missing = await resultOf(id, contextOf(x509(join(directory, 'nothing.pem'))));
      expect(missing).toMatchObject({ kind: 'failed', details: [expect.stringContaining('ENOENT')] });
      const none = await resultOf(id, contextOf(x509(file('none.pem', 'no PEM'))));
      expect(none).toMatchObject({ kind: 'failed', details: [expect.stringContaining('no certificate')] });
    },
  );

  it('key-pairs-read notices a key that is missing, and one that is none', async () => {
    const missing = await resultOf(
      'key-pairs-read',
      contextOf(x509(undefined, join(directory, 'nothing.key'))),
    );
    expect(missing).toMatchObject({ kind: 'failed', details: [expect.stringContaining('ENOENT')] });
    const none = await resultOf('key-pairs-read', contextOf(x509(undefined, certificateFile)));
    expect(none).toMatchObject({ kind: 'failed' });
  });

  it.each([
    ['RSA with 1024 bits', () => generateKeyPairSync('rsa', { modulusLength: 1024 })],
    ['EC on the curve secp384r1', () => generateKeyPairSync('ec', { namedCurve: 'secp384r1' })],
  ])('key-pairs-read warns of %s', async (name, generate) => {
    const { privateKey } = generate();
    const path = file(`${name}.key`, String(privateKey.export({ type: 'pkcs8', format: 'pem' })));
    const result = await resultOf('key-pairs-read', contextOf(x509(undefined, path)));
    expect(result).toMatchObject({ kind: 'warning', details: [expect.stringContaining(name)] });
  });

  it('key-pairs-read leaves keys in tokens where they are', async () => {
    const result = await resultOf('key-pairs-read', contextOf({ keysElsewhere: ['device-id'] }));
    expect(result).toMatchObject({
      kind: 'skipped',
      reason: expect.stringContaining('in a token') as string,
    });
  });

  it('certs-match-private-keys notices the key of another certificate', async () => {
    const other = await pki.issueDeviceCertificate({ commonName: 'dev-01' });
    const context = contextOf(x509(undefined, file('other.key', other.privateKeyPem)));
    expect(await resultOf('certs-match-private-keys', context)).toMatchObject({
      kind: 'failed',
      details: [expect.stringContaining('does not match preloaded private key')],
    });
  });

  it.each([
    ['host-connect-dps-endpoint', undefined],
    ['host-connect-iothub-amqp', 'hub.example'],
    ['host-connect-iothub-https', 'hub.example'],
    ['host-connect-iothub-mqtt', 'hub.example'],
  ])('%s notices a closed port, another name and an unknown CA', async (id, hubHostName) => {
    const { address, port, caPem } = server.endpoint;
    const stranger = (await createTestPki()).bundle.rootPem;
    const closed = await closedPort();
    const name = hubHostName === undefined ? server.endpoint.hostName : hubHostName;
    for (const [reached, text] of [
      [{ hostName: name, address: '127.0.0.1', port: closed.port, caPem }, 'could not connect'],
      [{ hostName: 'wrong.example', address, port, caPem }, 'could not complete TLS handshake'],
      [
        { hostName: server.endpoint.hostName, address, port, caPem: stranger },
        'could not complete TLS handshake',
      ],
    ] as const) {
      const result = await resultOf(id, contextOf({}, { hubHostName, endpoints: { reach: () => reached } }));
      expect(result).toMatchObject({ kind: 'failed', details: [expect.stringContaining(text)] });
    }
  });

  it('host-connect-iothub-… says that nobody knows the hub before DPS does', async () => {
    const result = await resultOf('host-connect-iothub-mqtt', contextOf());
    expect(result).toMatchObject({
      kind: 'warning',
      details: [expect.stringContaining('--iothub-hostname')],
    });
  });

  it('stop at a configuration that cannot be read', async () => {
    const open = () => Promise.reject(new UsageError('line 3 is no TOML'));
    const reports = await runChecks({ version: '1.5', open, dontRun: [] }, never);
    const byKind = Object.groupBy(reports, ({ result }) => result.kind);
    expect(byKind.fatal).toMatchObject([
      { id: 'identityd-config-well-formed', result: { details: ['line 3 is no TOML'] } },
    ]);
    expect(byKind.skipped).toHaveLength(reports.length - 1);
  });

  it('are left out when they are not to run', async () => {
    const context = contextOf({ hostName: 'other' });
    const reports = await runChecks(
      { version: '1.5', open: () => Promise.resolve(context), dontRun: ['hostname'] },
      never,
    );
    expect(reports.find(({ id }) => id === 'hostname')?.result).toMatchObject({ kind: 'skipped' });
  });
});

/** A port on which nobody listens any more. */
async function closedPort(): Promise<{ readonly port: number }> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as { port: number };
  await new Promise((resolve) => listener.close(resolve));
  return { port };
}
