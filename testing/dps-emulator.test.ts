import { Agent, request } from 'node:https';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestPki } from '../simulators/index.ts';
import { expectNoChildProcessLeft } from '../simulators/processes/testing/child-processes.ts';
import { DpsEmulator } from './dps-emulator.ts';
import type { StartedDpsEmulator } from './started-dps-emulator.ts';

/** The status with which DPS answers a device that has no token. */
function askWithoutToken({ idScope, endpoints }: StartedDpsEmulator, ca?: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const path = `/${idScope}/registrations/edge-01/register?api-version=2021-06-01`;
  const asked = request(
    new URL(path, endpoints.https.url),
    // A connection of its own: one that is kept has been trusted already.
    {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      agent: new Agent({ keepAlive: false }),
      ...(ca === undefined ? {} : { ca }),
    },
    (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    },
  );
  asked.on('error', reject);
  asked.end('{"registrationId":"edge-01"}');
  return promise;
}

const enrollment = {
  registrationId: 'edge-01',
  attestation: {
    type: 'symmetricKey',
    symmetricKey: { primaryKey: Buffer.alloc(32, 1).toString('base64') },
  },
} as const;

describe('DpsEmulator', () => {
  afterEach(expectNoChildProcessLeft);

  it('is the instance that was asked for, at endpoints of all protocols', async () => {
    await using dps = await new DpsEmulator()
      .withIdScope('0ne00ABCDEF')
      .withHubs('north.example', 'south.example')
      .withRule('throttled-retry-after', 'absent')
      .withProfile('strict')
      .withLatency('realistic', 7)
      .withQuotas({ registrationsPerMinute: 3 })
      .withRetryAfter(2)
      .withAssigningDuration(5)
      .withEnrollments(enrollment)
      .start();
    expect(dps).toMatchObject({ idScope: '0ne00ABCDEF', hubs: ['north.example', 'south.example'] });
    const { https, mqtt, mqttws, amqp, amqpws } = dps.endpoints;
    expect([https.url, mqtt.url, amqp.url]).toEqual([
      `https://localhost:${https.port}`,
      `mqtts://localhost:${mqtt.port}`,
      `amqps://localhost:${amqp.port}`,
    ]);
    expect(mqttws).toEqual(amqpws);
    expect(mqttws.url).toBe(`wss://localhost:${https.port}/$iothub/websocket`);
    expect(await dps.control.info()).toMatchObject({ profile: 'strict', latency: 'realistic' });
    expect(await dps.control.enrollments()).toMatchObject([{ id: 'edge-01', kind: 'individual' }]);
    expect(dps.serviceConnectionString).toContain('SharedAccessKeyName=provisioningserviceowner');
  });

  it('shows what it was asked, and why it refused, until it is reset', async () => {
    await using dps = await new DpsEmulator().start();
    await dps.enroll(enrollment);
    expect(await askWithoutToken(dps, dps.caPem)).toBe(401);
    expect(await dps.requests()).toMatchObject([{ registrationId: 'edge-01', status: 401 }]);
    expect(await dps.registrations()).toEqual([]);
    await dps.reset();
    expect(await dps.requests()).toEqual([]);
    expect(await dps.control.enrollments()).toEqual([]);
  });

  it('is trusted by the clients of this thread while it is asked to be', async () => {
    await using dps = await new DpsEmulator().start();
    const untrusted = { code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY' };
    await expect(askWithoutToken(dps)).rejects.toMatchObject(untrusted);
    {
      using _trust = dps.trust();
      {
        using _again = dps.trust();
      }
      expect(await askWithoutToken(dps)).toBe(401);
    }
    await expect(askWithoutToken(dps)).rejects.toMatchObject(untrusted);
  });

  it('has the certificate signed by the authority that it was given', async () => {
    const { bundle } = await createTestPki();
    await using dps = await new DpsEmulator().withAuthority(bundle).start();
    expect(dps.caPem).toBe(bundle.rootPem);
    expect(await askWithoutToken(dps, bundle.rootPem)).toBe(401);
  });

  it('leaves nothing behind when an enrollment is refused', async () => {
    const wrong = { ...enrollment, registrationId: 'not an id' };
    await expect(new DpsEmulator().withEnrollments(wrong).start()).rejects.toMatchObject({
      name: 'EnrollmentError',
    });
  });

  it('cannot be reached any more when it was stopped, and may be stopped twice', async () => {
    await using dps = await new DpsEmulator().start();
    await dps.stop();
    await expect(askWithoutToken(dps, dps.caPem)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
