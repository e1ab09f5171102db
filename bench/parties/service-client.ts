import { randomUUID } from 'node:crypto';
import https from 'node:https';
import { formatSasToken, signSas } from '../../simulators/wire/sas-token.ts';
import { inParallel } from '../in-parallel.ts';
import { serveParty } from '../party.ts';

interface CreateJob {
  readonly port: number;
  readonly caPem: string;
  readonly serviceKey: string;
  readonly concurrency: number;
  readonly count: number;
}

/** Creates enrollments over the service API, one a request, on connections that stay open. */
serveParty({
  create: async ({ port, caPem, serviceKey, concurrency, count }: CreateJob) => {
    const agent = new https.Agent({ keepAlive: true, maxSockets: concurrency, ca: caPem });
    const expirySeconds = Math.floor(Date.now() / 1000) + 3600;
    const signature = signSas(Buffer.from(serviceKey, 'base64'), '127.0.0.1', expirySeconds);
    const skn = 'provisioningserviceowner';
    const Authorization = formatSasToken({ sr: '127.0.0.1', signature, expirySeconds, skn });
    const headers = { Authorization, 'Content-Type': 'application/json' };
    const ids = Array.from({ length: count }, () => randomUUID());
    await inParallel(ids, concurrency, async (registrationId) => {
      const path = `/enrollments/${registrationId}?api-version=2021-10-01`;
      const body = JSON.stringify({ registrationId, attestation: { type: 'symmetricKey' } });
      const status = await put({ host: '127.0.0.1', port, agent, path, headers, method: 'PUT' }, body);
      if (status !== 200) throw new Error(`answered with ${status}`);
    });
    agent.destroy();
  },
});

function put(options: https.RequestOptions, body: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const request = https.request(options, (response) => {
    response.resume();
    response.on('end', () => resolve(response.statusCode ?? 0));
  });
  request.on('error', reject);
  request.end(body);
  return promise;
}
