import { hash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestPki, type TestPki } from '../../simulators/index.ts';
import { type EmulatorProcess, startEmulatorProcess } from '../support/emulator-process.ts';
import { type SdkHubJob, visitHubInSdkProcess } from '../support/sdk-hub-process.ts';

/** Over AMQP the package's copy of the error classes hides the class: the text is what users see. */
const refused = /UnauthorizedError|Could not authorize with putToken/;

const overMqtt = {
  visit: (deviceId: string) => [
    'MQTT CONNECT',
    `MQTT PUBLISH devices/${deviceId}/messages/events`,
    'MQTT PUBLISH $iothub/twin/GET',
    'MQTT PUBLISH $iothub/twin/PATCH/properties/reported',
  ],
  /** With a certificate as with a token. */
  login: ['MQTT CONNECT'],
  first: { method: 'MQTT', path: 'CONNECT' },
};
const overAmqp = {
  visit: (deviceId: string) => [
    `AMQP devices/${deviceId}/messages/events`,
    `AMQP devices/${deviceId}/twin`,
    `AMQP devices/${deviceId}/twin`,
  ],
  /** With a token only. */
  login: ['AMQP $cbs'],
  first: { method: 'AMQP', path: '$cbs' },
};

/** The official Node SDK's transports against a hub of `dps-rig emulate`, each in a process of its own. */
describe.each([
  ['mqtt', overMqtt],
  ['mqtt-ws', overMqtt],
  ['amqp', overAmqp],
  ['amqp-ws', overAmqp],
] as const)('the unmodified device SDK at a hub over %s', (transport, wire) => {
  let emulator: EmulatorProcess;
  let pki: TestPki;
  let hub: string;

  beforeAll(async () => {
    emulator = await startEmulatorProcess('--no-development-group');
    pki = await createTestPki({ name: 'interop' });
    [hub = ''] = emulator.hubs;
  });
  afterAll(() => emulator[Symbol.asyncDispose]());
  beforeEach(() => emulator.control.reset());

  const visit = (deviceId: string, proof: SdkHubJob['proof']) => {
    const { port } = transport === 'mqtt' || transport === 'amqp' ? emulator[transport] : emulator.https;
    const job = { transport, address: emulator.https.address, port, hub, deviceId, proof };
    return visitHubInSdkProcess(job, emulator.caFile);
  };
  const withKey = async (deviceId: string, primaryKey: string): Promise<void> => {
    const authentication = { type: 'sas', primaryKey, secondaryKey: primaryKey } as const;
    await emulator.control.createDevices([{ hub, deviceId, authentication }]);
  };
  const expectVisited = async (deviceId: string, proof: SdkHubJob['proof']): Promise<void> => {
    const { result, error } = await visit(deviceId, proof);
    expect(error).toBeUndefined();
    expect(result).toMatchObject({ desired: { $version: 1 } });
    expect(await emulator.control.telemetry()).toMatchObject([
      { hub, deviceId, bodyText: '{"t":1}', properties: { room: 'a b&c' } },
    ]);
    const asked = (await emulator.control.requests()).map(({ method, path }) => `${method} ${path}`);
    const login = proof.kind === 'x509' && wire === overAmqp ? [] : wire.login;
    expect(asked.filter((line) => !login.includes(line))).toEqual(
      wire.visit(deviceId).filter((line) => !login.includes(line)),
    );
    expect(asked.slice(0, login.length)).toEqual(login);
  };

  it('sends a message, reads the twin and reports by symmetric key', async () => {
    const key = randomBytes(32).toString('base64');
    await withKey('sdk-sym', key);
    await expectVisited('sdk-sym', { kind: 'symmetric-key', key });
  });

  it('does so by the certificate whose thumbprint the hub knows', async () => {
    const { certificatePem, privateKeyPem } = await pki.issueDeviceCertificate({
      commonName: 'sdk-x509',
      issuer: 'self',
    });
    const der = Buffer.from(certificatePem.replaceAll(/-----.*-----|\s/g, ''), 'base64');
    const primaryThumbprint = hash('sha1', der, 'hex').toUpperCase();
    await emulator.control.createDevices([
      {
        ...{ hub, deviceId: 'sdk-x509' },
        authentication: { type: 'selfSigned', primaryThumbprint, secondaryThumbprint: null },
      },
    ]);
    await expectVisited('sdk-x509', { kind: 'x509', cert: certificatePem, key: privateKeyPem });
  });

  it('is told no when the key is wrong', async () => {
    await withKey('sdk-wrong', randomBytes(32).toString('base64'));
    const key = randomBytes(32).toString('base64');
    const { error } = await visit('sdk-wrong', { kind: 'symmetric-key', key });
    expect(error).toMatch(refused);
    expect(await emulator.control.requests()).toMatchObject([
      { ...wire.first, registrationId: 'sdk-wrong', status: 401 },
    ]);
    expect(await emulator.control.telemetry()).toEqual([]);
  });

  it('is told no when the hub does not know the device', async () => {
    const { error } = await visit('nobody', {
      ...{ kind: 'symmetric-key', key: randomBytes(32).toString('base64') },
    });
    expect(error).toMatch(refused);
    expect(await emulator.control.requests()).toMatchObject([{ ...wire.first, status: 404 }]);
  });
});
