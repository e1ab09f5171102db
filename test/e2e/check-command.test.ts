import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestPki, GLOBAL_DEVICE_ENDPOINT, type RunningDps, startDps } from '../../simulators/index.ts';
import { createRigProgram, type RigProgram } from '../support/rig-program.ts';

/** The whole program against an emulator over real sockets. */
describe('dps-rig check', () => {
  let dps: RunningDps;
  let rig: RigProgram;
  beforeAll(async () => {
    dps = await startDps();
    rig = createRigProgram();
  });
  afterAll(async () => {
    await rig[Symbol.asyncDispose]();
    await dps[Symbol.asyncDispose]();
  });

  const check = (...args: readonly string[]) =>
    rig.run('check', '--endpoint', dps.management.url, '--hostname', 'edge-1', ...args);
  const checkAsJson = async (...args: readonly string[]) => {
    const { exitCode, stdout } = await check('--output', 'json', ...args);
    const { checks } = JSON.parse(stdout) as {
      readonly checks: Readonly<
        Record<string, { readonly result: string; readonly details?: readonly string[] }>
      >;
    };
    return { exitCode, checks };
  };

  it('finds the emulator reachable by every protocol', async () => {
    const [hub = ''] = dps.hubs;
    const { exitCode, checks } = await checkAsJson('--iothub-hostname', hub);
    expect(exitCode).toBe(0);
    for (const id of ['host-local-time', 'host-connect-dps-endpoint', 'host-connect-iothub-mqtt']) {
      expect(checks[id]).toEqual({ result: 'ok' });
    }
    expect(checks['container-engine-uri']).toMatchObject({ result: 'skipped' });
  });

  it('fails with 4 for a hub that is not there', async () => {
    const { exitCode, checks } = await checkAsJson('--iothub-hostname', 'nobody.azure-devices.example');
    expect(exitCode).toBe(4);
    expect(checks['host-connect-iothub-amqp']).toMatchObject({
      result: 'error',
      details: [expect.stringContaining('could not complete TLS handshake')],
    });
    expect(checks['host-connect-dps-endpoint']).toEqual({ result: 'ok' });
  });

  it('leaves out what is not to run', async () => {
    const failing = ['amqp', 'https', 'mqtt'].map((protocol) => `host-connect-iothub-${protocol}`);
    const args = ['--iothub-hostname', 'nobody.azure-devices.example', '--dont-run', ...failing];
    expect(await checkAsJson(...args)).toMatchObject({ exitCode: 0 });
  });

  it('prints as iotedge check does', async () => {
    const { stdout } = await check();
    expect(stdout).toContain(
      '√ host can connect to and perform TLS handshake with DPS endpoint (host-connect-dps-endpoint) - OK\n',
    );
    expect(stdout).toMatch(
      /‼ host can connect .* iothub MQTT port \(host-connect-iothub-mqtt\) - Warning\n {4}Could not/,
    );
    expect(stdout).toMatch(/\d+ check\(s\) succeeded\.\n3 check\(s\) raised warnings\.\n/);
  });

  it.each([
    ['a version that the platform never had', ['--platform', 'windows', '--version', '1.5']],
    ['a check that there is not', ['--dont-run', 'coffee']],
    ['an unknown way to print', ['--output', 'yaml']],
  ])('takes %s for wrong usage', async (_what, args) => {
    expect(await check(...args)).toMatchObject({ exitCode: 2 });
  });

  /** A device's root with a config.toml, its certificate and its key. */
  async function rootOf(life: { readonly days: number; readonly scope?: string } = { days: 365 }) {
    const root = await mkdtemp(join(tmpdir(), 'dps-rig-check-'));
    const pki = await createTestPki();
    const notAfter = new Date(Date.now() + life.days * 86_400_000);
    const notBefore = new Date(Date.now() - 30 * 86_400_000);
    const issued = await pki.issueDeviceCertificate({ commonName: 'dev-01', notBefore, notAfter });
    const config = join(root, 'config.toml');
    await writeFile(join(root, 'dev.pem'), issued.chainPem);
    await writeFile(join(root, 'dev.key'), issued.privateKeyPem);
    await writeFile(
      config,
      `hostname = "edge-1"
[provisioning]
source = "dps"
global_endpoint = "https://${GLOBAL_DEVICE_ENDPOINT}/"
${life.scope ?? `id_scope = "${dps.idScope}"`}
[provisioning.attestation]
method = "x509"
registration_id = "dev-01"
identity_cert = "file:///dev.pem"
identity_pk = "file:///dev.key"
`,
    );
    return { root, args: ['--config', config, '--root', root] };
  }

  it('reads a config.toml, its certificate and its key', async () => {
    const { root, args } = await rootOf();
    const { exitCode, checks } = await checkAsJson(...args);
    expect(exitCode).toBe(0);
    const fine = ['identityd-config-well-formed', 'hostname', 'identity-certificate-expiry', 'certs-read'];
    for (const id of [...fine, 'key-pairs-read', 'certs-match-private-keys', 'host-connect-dps-endpoint']) {
      expect(checks[id], id).toEqual({ result: 'ok' });
    }
    await rm(root, { recursive: true });
  });

  it('sees a certificate that will expire, and a key of another one', async () => {
    const { root, args } = await rootOf({ days: 3 });
    const other = await (await createTestPki()).issueDeviceCertificate({ commonName: 'dev-01' });
    await writeFile(join(root, 'dev.key'), other.privateKeyPem);
    const { exitCode, checks } = await checkAsJson(...args);
    expect(exitCode).toBe(4);
    expect(checks['identity-certificate-expiry']).toMatchObject({ result: 'warning' });
    expect(checks['certs-match-private-keys']).toMatchObject({ result: 'error' });
    await rm(root, { recursive: true });
  });

  it('says where a config.toml is wrong, and skips the rest', async () => {
    const { root, args } = await rootOf({ days: 365, scope: 'scope_id = "0ne00000000"' });
    const { exitCode, checks } = await checkAsJson(...args);
    expect(exitCode).toBe(4);
    expect(checks['identityd-config-well-formed']).toMatchObject({
      result: 'fatal',
      details: [expect.stringContaining('id_scope'), expect.stringContaining('scope_id')],
    });
    expect(checks['host-connect-dps-endpoint']).toMatchObject({ result: 'skipped' });
    await rm(root, { recursive: true });
  });

  it('says when no emulator answers', async () => {
    const { exitCode, stderr } = await rig.run('check', '--endpoint', 'http://127.0.0.1:9');
    expect(exitCode).toBe(3);
    expect(stderr).toContain('hint:');
  });
});
