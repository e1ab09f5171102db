import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDevice } from '../../simulators/index.ts';
import { type EmulatorProcess, startEmulatorProcess } from '../support/emulator-process.ts';
import { portOf, type WireTransport, wireDevice } from '../support/wire-registration.ts';

/** What stands in the way of a capture on this machine, if anything does. */
const obstacle = ((): string | undefined => {
  for (const program of ['tshark', 'dumpcap']) {
    if (spawnSync(program, ['--version']).status !== 0) return `${program} is not installed`;
  }
  const listed = spawnSync('dumpcap', ['-D'], { encoding: 'utf8' });
  return /^\d+\. lo\b/m.test(listed.stdout) ? undefined : 'no right to capture on lo';
})();
if (obstacle !== undefined) process.stderr.write(`captures: skipped, ${obstacle}\n`);

describe.skipIf(obstacle !== undefined)('a captured registration, decoded by tshark', () => {
  let directory: string;
  let emulator: EmulatorProcess;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'dps-rig-captures-'));
    emulator = await startEmulatorProcess('--keylog', keyLog(), '--retry-after', '0');
    const symmetricKey = { primaryKey: wireDevice.key.toString('base64') };
    const { registrationId } = wireDevice;
    await emulator.control.enroll([{ registrationId, attestation: { type: 'symmetricKey', symmetricKey } }]);
  });
  afterAll(async () => {
    await emulator[Symbol.asyncDispose]();
    await rm(directory, { recursive: true });
  });
  const keyLog = (): string => join(directory, 'keys');

  it.each([
    ['https', 'http', ['http', 'json']],
    ['mqtt', 'mqtt', ['mqtt']],
    ['amqp', 'amqp', ['amqp']],
    // tshark 4.0 shows what is inside of a WebSocket as data
    ['mqtt-ws', 'http', ['http', 'websocket', 'data']],
    ['amqp-ws', 'http', ['http', 'websocket', 'data']],
    // All of these are inside of TLS: they are seen only where it was decrypted.
  ] as const)('over %s is well formed, and shows its layers', async (transport, protocol, layers) => {
    const { https, caPem } = emulator;
    const port = portOf(transport, { ...emulator, https: { ...https, hostName: 'localhost' } });
    const file = join(directory, `${transport}.pcapng`);
    const decode = ['-d', `tcp.port==${port},tls`, '-d', `tls.port==${port},${protocol}`];
    const read = (...more: readonly string[]): Promise<string> =>
      tshark('-r', file, '-o', `tls.keylog_file:${keyLog()}`, ...decode, ...more);
    const layersSeen = async (): Promise<readonly string[]> =>
      (await read('-T', 'fields', '-e', 'frame.protocols')).split(/[:\s]+/);

    const capture = await startCapture(port, file);
    try {
      await register(transport, { address: https.address, caPem });
      await expect.poll(layersSeen, { timeout: 20_000 }).toEqual(expect.arrayContaining([...layers]));
    } finally {
      await stop(capture);
    }
    expect(await read('-Y', '_ws.malformed')).toBe('');
  });

  const register = async (
    transport: WireTransport,
    { address, caPem }: { readonly address: string; readonly caPem: string },
  ): Promise<void> => {
    const { registrationId, key } = wireDevice;
    const { idScope, https, mqtt, amqp } = emulator;
    await using device = createDevice(
      {
        ...{ index: 0, registrationId, attestation: 'symmetric-key', enrollment: 'individual' },
        ...{ keyStore: 'software', transport, client: 'native', platform: 'linux' },
      },
      { kind: 'symmetric-key', key: key.toString('base64') },
      {
        endpoint: {
          ...{ hostName: 'global.azure-devices-provisioning.net', address, port: https.port },
          ...{ mqttPort: mqtt.port, amqpPort: amqp.port, idScope, apiVersion: '2021-06-01', caPem },
        },
        seed: 1,
        attemptTimeoutMs: 20_000,
      },
    );
    const signal = AbortSignal.timeout(20_000);
    await device.prepare(signal);
    expect((await device.register(signal)).result.kind).toBe('assigned');
  };
});

async function tshark(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('tshark', [...args], { maxBuffer: 64 * 2 ** 20 });
  return stdout;
}

/** Resolves when packets are being taken. */
async function startCapture(port: number, file: string): Promise<ChildProcess> {
  const child = spawn('dumpcap', ['-q', '-i', 'lo', '-f', `tcp port ${port}`, '-w', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  for await (const text of child.stderr.setEncoding('utf8')) {
    said += String(text);
    if (said.includes('File: ')) break;
  }
  if (!said.includes('File: ')) throw new Error(`dumpcap: ${said}`);
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGINT');
  await exited;
}
