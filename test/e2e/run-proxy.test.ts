import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ConnectProxy, startConnectProxy } from '../../simulators/transport/testing/connect-proxy.ts';
import { createRigProgram, type RigProgram } from '../support/rig-program.ts';

const credentials = 'fleet:hush-hush';
const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;

describe('dps-rig run through an HTTP proxy', () => {
  let rig: RigProgram;
  let proxy: ConnectProxy;
  beforeEach(async () => {
    rig = createRigProgram();
    proxy = await startConnectProxy({ authorization });
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
  });

  const scenario = (): string =>
    rig.scenario(
      'name = "proxy"\n[run]\nhubConnect = "telemetry"\n[[fleet]]\ndevices = 24\n' +
        'attestation = ["symmetric-key", "x509", "tpm"]\n' +
        'transport = ["https", "mqtt", "mqtt-ws", "amqp", "amqp-ws"]\nclient = ["native", "azure-sdk"]\n',
    );

  it('takes devices of both clients to DPS and to their hubs, and says what cannot go through one', async () => {
    const url = `http://${credentials}@127.0.0.1:${proxy.port}`;
    const { exitCode, stdout, stderr } = await rig.run('run', scenario(), '--proxy', url, '--out', rig.out);
    expect(exitCode, stdout + stderr).toBe(0);
    const { outcomes, cells, endpoint } = rig.result();
    expect(outcomes.assigned).toBe(24);
    // One connection to DPS and one to the hub for each device, all to the one address of the emulator. More would be
    // connections that were lost and made again; fewer, devices that went past the proxy.
    expect(proxy.targets).toHaveLength(48);
    expect(new Set(proxy.targets)).toEqual(new Set([`127.0.0.1:${endpoint.host.split(':')[1] ?? ''}`]));
    const impossible = cells.filter(({ notPossible }) => notPossible?.includes('HTTP proxy'));
    expect(new Set(impossible.map(({ transport }) => transport))).toEqual(new Set(['mqtt', 'amqp']));
    expect(stdout + stderr + JSON.stringify(rig.result())).not.toMatch(/hush-hush/);
  });

  it('takes the daemon and the runtime of IoT Edge along, whose module then speaks in a WebSocket', async () => {
    const url = `http://${credentials}@127.0.0.1:${proxy.port}`;
    const file = rig.scenario(
      'name = "edge"\n[run]\ntimeScale = 0.01\n[life]\nsteps = ["restart"]\n[[fleet]]\ndevices = 2\n' +
        'attestation = "symmetric-key"\ntransport = "https"\nclient = "iot-edge"\n',
    );
    const { exitCode, stdout, stderr } = await rig.run('run', file, '--proxy', url, '--out', rig.out);
    expect(exitCode, stdout + stderr).toBe(0);
    // Each device at least once to DPS, to the module API of its hub, and as $edgeAgent.
    expect(proxy.targets.length).toBeGreaterThanOrEqual(6);
    expect(new Set(proxy.targets)).toEqual(
      new Set([`127.0.0.1:${rig.result().endpoint.host.split(':')[1] ?? ''}`]),
    );
  });

  it('names the proxy as what refused, without the password', async () => {
    const url = `http://fleet:wrong-word@127.0.0.1:${proxy.port}`;
    // The SDK tries for as long as it may.
    const options = ['--proxy', url, '--set', 'run.attemptTimeoutMs=4000', '--out', rig.out];
    const { exitCode, stdout, stderr } = await rig.run('run', scenario(), ...options);
    expect(exitCode).toBe(4);
    expect(rig.result().errors.map(({ code }) => code)).toContain('PROXY_AUTHENTICATION_REQUIRED');
    expect(stdout + stderr + JSON.stringify(rig.result())).not.toMatch(/wrong-word/);
  });

  it.each([
    ['ftp://fleet:hush-hush@127.0.0.1', /http:\/\/\[user:password@\]host:port/],
    ['http://fleet:hush-hush%@127.0.0.1:3128', /http:\/\/\[user:password@\]host:port/],
    ['http://fleet:hush-hush@192.0.2.1:3128', /192\.0\.2\.1 is not a loopback address/],
  ])('refuses %s before anything is sent', async (url, says) => {
    const { exitCode, stderr } = await rig.run('run', scenario(), '--proxy', url);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(says);
    expect(stderr).not.toMatch(/hush-hush/);
  });
});
