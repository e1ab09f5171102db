import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { cpuMeter } from '../cpu-meter.ts';
import { serveParty } from '../party.ts';

/**
 * The emulator's yardstick: the same TLS settings and the same JSON over the wire, and nothing verified, looked up
 * or remembered. Answers register with 202 and every status query with `assigned`.
 */
const { cert, key } = JSON.parse(process.env['BENCH_TLS'] ?? '{}') as { cert: string; key: string };
const operation = '4.0123456789abcdef.00000000-0000-4000-8000-000000000000';

const server = createServer(
  { cert, key, requestCert: true, rejectUnauthorized: false },
  (request, response) => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      const body = (text === '' ? {} : JSON.parse(text)) as { registrationId?: string };
      const registrationId = body.registrationId ?? request.url?.split('/')[3] ?? '';
      const registering = request.method === 'PUT';
      const state = {
        registrationId,
        createdDateTimeUtc: new Date().toISOString(),
        assignedHub: 'null-hub.azure-devices.net',
        deviceId: registrationId,
        status: 'assigned',
        substatus: 'initialAssignment',
        lastUpdatedDateTimeUtc: new Date().toISOString(),
        etag: 'IjY5MDAzNTUyLTAwMDAtMDMwMC0wMDAwLTYzMGZkYThhMDAwMCI=',
      };
      const answer = JSON.stringify(
        registering
          ? { operationId: operation, status: 'assigning' }
          : { operationId: operation, status: 'assigned', registrationState: state },
      );
      response.writeHead(registering ? 202 : 200, {
        'Content-Type': 'application/json; charset=utf-8',
        'x-ms-request-id': '00000000-0000-4000-8000-000000000000',
        ...(registering
          ? { 'Retry-After': '0', Location: `https://${request.headers.host ?? ''}${request.url ?? ''}` }
          : {}),
      });
      response.end(answer);
    });
  },
);
server.keepAliveTimeout = 60_000;

serveParty({
  listen: async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  },
  ...cpuMeter(),
});
