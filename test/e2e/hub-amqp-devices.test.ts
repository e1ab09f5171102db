import { createHmac, hash, randomBytes, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestPki, type RunningDps, startDps } from '../../simulators/index.ts';
import { createHubAmqpTransport, createHubAmqpWsTransport } from '../../simulators/transport/hub-amqp.ts';
import type { Telemetry } from '../../simulators/transport/hub-transport.ts';
import type { RequestProof } from '../../simulators/transport/provisioning-transport.ts';
import type { TlsIdentity } from '../../simulators/transport/secure-context.ts';

const { signal } = new AbortController();
const deviceId = 'dev-01';
const key = randomBytes(32);
const message = { body: '{"t":"°"}', properties: { room: 'a b' } };
const kinds = { amqp: createHubAmqpTransport, 'amqp-ws': createHubAmqpWsTransport };

describe.each(['amqp', 'amqp-ws'] as const)('a device at its hub over %s', (kind) => {
  let dps: RunningDps;
  let hub: string;
  beforeAll(async () => {
    dps = await startDps();
    [hub = ''] = dps.hubs;
  });
  afterAll(() => dps[Symbol.asyncDispose]());
  beforeEach(async () => {
    await dps.control.reset();
    const primaryKey = key.toString('base64');
    const authentication = { type: 'sas', primaryKey, secondaryKey: primaryKey } as const;
    await dps.control.createDevices([{ hub, deviceId, authentication }]);
  });

  async function send(proof: RequestProof, as = deviceId, tls?: TlsIdentity): Promise<void> {
    const { https, amqp, caPem } = dps;
    const { address, port } = https;
    const endpoint = { hostName: hub, address, port, amqpPort: amqp.port, caPem };
    await using transport = kinds[kind](endpoint, { hub, deviceId: as, tls });
    await transport.connect(proof, signal);
    await transport.sendTelemetry(message, signal);
  }
  function token({ id = deviceId, signingKey = key, se = 4_000_000_000 } = {}): RequestProof {
    const sr = encodeURIComponent(`${hub}/devices/${id}`);
    const signature = createHmac('sha256', signingKey).update(`${sr}\n${se}`).digest('base64');
    const sig = encodeURIComponent(signature);
    return { kind: 'sas', token: `SharedAccessSignature sr=${sr}&sig=${sig}&se=${se}` };
  }

  it('puts its token and sends a message', async () => {
    await send(token());
    expect(await dps.control.telemetry()).toMatchObject([
      { hub, deviceId, bodyText: message.body, properties: message.properties },
    ]);
    expect(await dps.control.requests()).toMatchObject([
      { method: 'AMQP', path: '$cbs', status: 200 },
      { method: 'AMQP', path: `devices/${deviceId}/messages/events`, status: 200 },
    ]);
  });

  it.each([
    ['signed with another key', { signingKey: randomBytes(32) }, 401],
    ['that has expired', { se: 1_000_000_000 }, 401],
    ['of a device that nobody knows', { id: 'stranger' }, 404],
  ])('is refused with a token %s', async (_, changes, status) => {
    await expect(send(token(changes))).rejects.toMatchObject({ name: 'HubServiceError', status });
    expect(await dps.control.telemetry()).toEqual([]);
  });

  it('sends a message of 256 KiB, is refused one of a byte more, and goes on', async () => {
    const { https, amqp, caPem } = dps;
    const endpoint = { hostName: hub, address: https.address, port: https.port, amqpPort: amqp.port, caPem };
    await using transport = kinds[kind](endpoint, { hub, deviceId });
    await transport.connect(token(), signal);
    const ofBytes = (length: number): Telemetry => ({ body: 'x'.repeat(length), properties: {} });
    await transport.sendTelemetry(ofBytes(256 * 1024), signal);
    await expect(transport.sendTelemetry(ofBytes(256 * 1024 + 1), signal)).rejects.toMatchObject({
      status: 413,
    });
    await transport.sendTelemetry(ofBytes(1), signal);
    await expect(transport.sendTelemetry(ofBytes(400 * 1024), signal)).rejects.toThrow();
    expect((await dps.control.telemetry()).map(({ bodyBytes }) => bodyBytes)).toEqual([256 * 1024, 1]);
  });

  it('sends nothing without a token, nor with one of another device', async () => {
    await expect(send({ kind: 'none' })).rejects.toMatchObject({ status: 401 });
    await expect(send(token(), 'dev-02')).rejects.toMatchObject({ status: 404 });
    expect(await dps.control.telemetry()).toEqual([]);
  });

  it('comes with a certificate and without SASL', async () => {
    const pki = await createTestPki();
    const { certificatePem, privateKeyPem } = await pki.issueDeviceCertificate({
      commonName: 'x-1',
      issuer: 'self',
    });
    const thumbprint = hash('sha256', new X509Certificate(certificatePem).raw, 'hex').toUpperCase();
    const authentication = {
      ...({ type: 'selfSigned' } as const),
      ...{ primaryThumbprint: thumbprint, secondaryThumbprint: null },
    };
    await dps.control.createDevices([{ hub, deviceId: 'x-1', authentication }]);
    await send({ kind: 'none' }, 'x-1', { cert: certificatePem, key: privateKeyPem });
    expect(await dps.control.telemetry()).toMatchObject([
      { deviceId: 'x-1', certificateThumbprint: thumbprint },
    ]);
  });
});
