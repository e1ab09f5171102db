import { createDevice } from '../../simulators/device/device.ts';
import type { ClientKind } from '../../simulators/device/device-spec.ts';
import type { ClientJob } from '../client-job.ts';
import { inParallel } from '../in-parallel.ts';
import { serveParty } from '../party.ts';

/** The device as a fleet uses it, with our own client or with the unmodified official SDK. */
const register = async (job: ClientJob, client: ClientKind): Promise<void> => {
  const endpoint = {
    hostName: job.hostName,
    address: '127.0.0.1',
    port: job.port,
    mqttPort: job.mqttPort,
    amqpPort: job.amqpPort,
    idScope: job.idScope,
    apiVersion: '2021-06-01',
    caPem: job.caPem,
  };
  const { signal } = new AbortController();
  await inParallel(job.devices, job.concurrency, async ({ registrationId, key }) => {
    await using device = createDevice(
      {
        index: 0,
        registrationId,
        attestation: 'symmetric-key',
        enrollment: 'individual',
        keyStore: 'software',
        transport: job.transport ?? 'https',
        client,
        platform: 'linux',
      },
      { kind: 'symmetric-key', key },
      { endpoint, seed: 1, attemptTimeoutMs: 60_000 },
    );
    await device.prepare(signal);
    const { result } = await device.register(signal);
    if (result.kind !== 'assigned') throw new Error(`${registrationId}: ${JSON.stringify(result)}`);
  });
};

serveParty({
  native: (job: ClientJob) => register(job, 'native'),
  'azure-sdk': (job: ClientJob) => register(job, 'azure-sdk'),
});
