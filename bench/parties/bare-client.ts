import https from 'node:https';
import { createSecureContext } from 'node:tls';
import type { ClientJob } from '../client-job.ts';
import { inParallel } from '../in-parallel.ts';
import { serveParty } from '../party.ts';

/**
 * The client's yardstick: a bare `node:https` loop that sends register and one status query on a fresh TLS
 * connection for each device, parses both answers, and does nothing else.
 */
serveParty({
  run: async (job: ClientJob) => {
    const secureContext = createSecureContext({ ca: job.caPem }); // once: a bare loop would not parse it each time
    await inParallel(job.devices, job.concurrency, async ({ registrationId, token }) => {
      const agent = new https.Agent({
        keepAlive: true,
        maxSockets: 1,
        maxCachedSessions: 0,
        secureContext,
      });
      const path = `/${job.idScope}/registrations/${registrationId}`;
      const headers = {
        Authorization: token,
        'Content-Type': 'application/json; charset=utf-8',
        Accept: 'application/json',
      };
      const common = { host: '127.0.0.1', port: job.port, servername: job.hostName, headers, agent };
      const first = await exchange(
        { ...common, method: 'PUT', path: `${path}/register?api-version=2021-06-01` },
        JSON.stringify({ registrationId }),
      );
      const operationPath = `${path}/operations/${String(first['operationId'])}?api-version=2021-06-01`;
      const last = await exchange({ ...common, method: 'GET', path: operationPath });
      if (last['status'] !== 'assigned') throw new Error(`not assigned: ${JSON.stringify(last)}`);
      agent.destroy();
    });
  },
});

async function exchange(options: https.RequestOptions, body?: string): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    const request = https.request(options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve(JSON.parse(text) as Record<string, unknown>));
    });
    request.on('error', reject);
    request.end(body);
  });
}
