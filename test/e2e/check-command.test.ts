import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RunningDps, startDps } from '../../simulators/index.ts';
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
    ['a version that the platform never had', ['--platform', 'windows', '--edge-version', '1.5']],
    ['a check that there is not', ['--dont-run', 'coffee']],
    ['an unknown way to print', ['--output', 'yaml']],
  ])('takes %s for wrong usage', async (_what, args) => {
    expect(await check(...args)).toMatchObject({ exitCode: 2 });
  });

  it('says when no emulator answers', async () => {
    const { exitCode, stderr } = await rig.run('check', '--endpoint', 'http://127.0.0.1:9');
    expect(exitCode).toBe(3);
    expect(stderr).toContain('hint:');
  });
});
