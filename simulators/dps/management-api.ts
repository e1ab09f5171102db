import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EnvironmentError, toError } from '../kernel/errors.ts';
import { readBody } from '../server/read-body.ts';
import type { DpsControl } from './dps-control.ts';
import { parseEnrollments, parseIds } from './management-bodies.ts';

export interface ManagementApiOptions {
  readonly port: number;
  readonly control: DpsControl;
  readonly info: { readonly idScope: string; readonly hubs: readonly string[]; readonly caPem: string };
}

const BODY_LIMIT_BYTES = 256 * 1024 * 1024;

type Handler = (request: IncomingMessage) => Promise<{ readonly type?: string; readonly body: unknown }>;

/** Management over plain HTTP, on loopback only: health, enrollments, registrations, request log, reset, test CA. */
export async function openManagementApi(
  options: ManagementApiOptions,
): Promise<AsyncDisposable & { readonly url: string }> {
  const { control, info } = options;
  const json = async (request: IncomingMessage): Promise<unknown> => {
    const body = await readBody(request, BODY_LIMIT_BYTES);
    if (body === 'too-large') throw new RangeError(`more than ${BODY_LIMIT_BYTES} bytes`);
    return JSON.parse(body.toString('utf8'));
  };
  const routes: Readonly<Record<string, Handler>> = {
    'GET /health': () => Promise.resolve({ body: { status: 'ok' } }),
    'GET /info': () => Promise.resolve({ body: { idScope: info.idScope, hubs: info.hubs } }),
    'GET /ca.pem': () => Promise.resolve({ type: 'application/x-pem-file', body: info.caPem }),
    'POST /enrollments': async (request) => {
      const enrollments = parseEnrollments(await json(request));
      await control.enroll(enrollments);
      return { body: { stored: enrollments.length } };
    },
    'DELETE /enrollments': async (request) => {
      await control.removeEnrollments(parseIds(await json(request)));
      return { body: {} };
    },
    'GET /registrations': async () => ({ body: await control.registrations() }),
    'GET /requests': async () => ({ body: await control.requests() }),
    'POST /reset': async () => {
      await control.reset();
      return { body: {} };
    },
  };
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const handler = routes[`${request.method} ${path}`];
    const answered =
      handler?.(request) ??
      Promise.reject(new Error(`no ${request.method} ${path}; there are ${Object.keys(routes).join(', ')}`));
    answered.then(
      ({ type = 'application/json', body }) => {
        response.writeHead(200, { 'Content-Type': type });
        response.end(typeof body === 'string' ? body : JSON.stringify(body));
      },
      (thrown: unknown) => {
        response.writeHead(handler === undefined ? 404 : 400, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify({ message: toError(thrown).message }));
      },
    );
  });
  server.listen(options.port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new EnvironmentError('emulator', `cannot listen on management port ${options.port}`, {
      hint: 'Choose another with --management-port (0 picks a free port).',
      cause,
    });
  }
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
