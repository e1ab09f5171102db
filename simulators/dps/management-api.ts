import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { RigError, serializeError, toError, UsageError } from '../kernel/errors.ts';
import { type Listener, listen } from '../server/listening.ts';
import { isLoopback } from '../server/loopback.ts';
import { readBody } from '../server/read-body.ts';
import type { DpsControl } from './dps-control.ts';
import {
  parseCaCertificate,
  parseCaName,
  parseDeviceNames,
  parseDevices,
  parseEnrollments,
  parseIds,
  parseJsonOrLines,
} from './management-bodies.ts';

export interface ManagementApiOptions {
  readonly address: string;
  readonly port: number;
  /** Needed on any address but loopback; then every request must carry it as bearer token. */
  readonly token: string | undefined;
  readonly control: DpsControl;
}

const BODY_LIMIT_BYTES = 256 * 1024 * 1024;

interface ManagementAnswer {
  readonly status?: number;
  readonly type?: string;
  readonly body: unknown;
}
type Handler = (request: IncomingMessage, name: string) => Promise<ManagementAnswer>;

import { parseServiceFaults } from './service-fault.ts';

/**
 * Opens the management API over plain HTTP: health, enrollments, registrations, request log, reset, test CA.
 *
 * @throws UsageError when it would be open to others without a token
 * @throws EnvironmentError when the port cannot be bound
 */
export async function openManagementApi(
  options: ManagementApiOptions,
): Promise<AsyncDisposable & { readonly url: string }> {
  const { address, port, token } = options;
  if (token === undefined && !isLoopback(address)) {
    throw new UsageError(`the management API may not listen on ${address} without a token`, {
      hint: 'Give it a token, or leave it on 127.0.0.1.',
    });
  }
  const routes = createRoutes(options);
  const server = createServer((request, response) => {
    void answer(request, routes, token).then(({ status = 200, type = 'application/json', body }) => {
      response.writeHead(status, { 'Content-Type': type });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  const hint = 'Choose another with --management-port (0 picks a free port).';
  const listener: Listener = await listen(server, { address, port, what: 'the management API', hint });
  const host = isIP(listener.address) === 6 ? `[${listener.address}]` : listener.address;
  return {
    url: `http://${host}:${listener.port}`,
    [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose](),
  };
}

function createRoutes({ control }: ManagementApiOptions): Readonly<Record<string, Handler>> {
  return {
    'GET /health': () => Promise.resolve({ body: { status: 'ok' } }),
    'GET /info': async () => ({ body: await control.info() }),
    'GET /ca.pem': async () => ({ type: 'application/x-pem-file', body: (await control.info()).caPem }),
    'GET /enrollments': async () => ({ body: await control.enrollments() }),
    'POST /enrollments': async (request) => {
      const enrollments = parseEnrollments(await readJson(request));
      await control.enroll(enrollments);
      return { body: { stored: enrollments.length } };
    },
    'DELETE /enrollments': async (request) => {
      await control.removeEnrollments(parseIds(await readJson(request)));
      return { body: {} };
    },
    'POST /evidence': async (request) => ({
      body: await control.evidence(parseIds(await readJson(request))),
    }),
    'POST /ca-certificates': async (request) => {
      const { name, certificate } = parseCaCertificate(await readJson(request));
      await control.uploadCaCertificate(name, certificate);
      return { body: {} };
    },
    'POST /ca-certificates/verification-code': async (request) => {
      const { name } = parseCaName(await readJson(request));
      return { body: { verificationCode: await control.requestCaVerification(name) } };
    },
    'POST /ca-certificates/verify': async (request) => {
      const { name, certificate } = parseCaCertificate(await readJson(request));
      await control.verifyCaCertificate(name, certificate);
      return { body: {} };
    },
    'GET /ca-certificates': async () => ({ body: await control.caCertificates() }),
    'GET /ca-certificates/{name}': async (_request, name) => ({ body: await control.caCertificate(name) }),
    'DELETE /ca-certificates/{name}': async (_request, name) => {
      await control.removeCaCertificate(name);
      return { body: {} };
    },
    'GET /registrations': async () => ({ body: await control.registrations() }),
    'POST /devices': async (request) => {
      const devices = parseDevices(await readJson(request));
      await control.createDevices(devices);
      return { body: { stored: devices.length } };
    },
    'DELETE /devices': async (request) => {
      await control.removeDevices(parseDeviceNames(await readJson(request)));
      return { body: {} };
    },
    'GET /devices': async () => ({ body: await control.devices() }),
    'GET /telemetry': async () => ({ body: await control.telemetry() }),
    'GET /requests': async () => ({ body: await control.requests() }),
    'GET /export': async () => ({ body: await control.exportState() }),
    'POST /import': async (request) => {
      await control.importState(await readText(request));
      return { body: {} };
    },
    'PUT /faults': async (request) => {
      const faults = parseServiceFaults(await readJson(request));
      await control.orderFaults(faults);
      return { body: { ordered: faults.length } };
    },
    'GET /faults': async () => ({ body: await control.faults() }),
    'POST /reset': async () => {
      await control.reset();
      return { body: {} };
    },
  };
}

async function answer(
  request: IncomingMessage,
  routes: Readonly<Record<string, Handler>>,
  token: string | undefined,
): Promise<ManagementAnswer> {
  const [path = ''] = (request.url ?? '').split('?');
  if (token !== undefined && !bears(request, token)) {
    return problem(401, 'MANAGEMENT_UNAUTHORIZED', 'this management API needs its bearer token');
  }
  if (token === undefined && !isLocalProgram(request)) {
    const message = 'this management API is for programs of this machine, not for web pages';
    return problem(403, 'MANAGEMENT_FORBIDDEN', message);
  }
  const [, collection = '', name] = /^(\/[^/]+)\/([^/]+)$/.exec(path) ?? [];
  const handler =
    routes[`${request.method} ${path}`] ??
    (name === undefined ? undefined : routes[`${request.method} ${collection}/{name}`]);
  if (handler === undefined) {
    const known = Object.keys(routes).join(', ');
    return problem(404, 'MANAGEMENT_NO_ROUTE', `no ${request.method} ${path}; there are ${known}`);
  }
  try {
    return await handler(request, decodeName(name ?? ''));
  } catch (thrown) {
    if (!(thrown instanceof RigError)) return problem(500, 'INTERNAL', toError(thrown).message);
    const { code, message, details } = serializeError(thrown);
    return { status: 400, body: { code, message, ...details } };
  }
}

function decodeName(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new UsageError('the name in the path is not percent-encoded UTF-8', { cause });
  }
}

const readJson = async (request: IncomingMessage): Promise<unknown> =>
  parseJsonOrLines(await readText(request));

async function readText(request: IncomingMessage): Promise<string> {
  const body = await readBody(request, BODY_LIMIT_BYTES);
  if (body === 'too-large') throw new UsageError(`the body has more than ${BODY_LIMIT_BYTES} bytes`);
  return body.toString('utf8');
}

const problem = (status: number, code: string, message: string): ManagementAnswer => ({
  status,
  body: { code, message },
});

/**
 * A web page in a browser of this machine reaches loopback as well. It cannot hide its origin when it writes; and when it
 * reads from a name that was rebound to loopback, it cannot hide that name.
 */
function isLocalProgram({ headers: { origin, host = '' } }: IncomingMessage): boolean {
  const name = /^(?:\[(?<v6>[^\]]*)\]|(?<name>[^:]*))(?::\d*)?$/.exec(host)?.groups;
  return origin === undefined && isLoopback((name?.['v6'] ?? name?.['name'] ?? '').toLowerCase());
}

function bears(request: IncomingMessage, token: string): boolean {
  const given = Buffer.from(request.headers.authorization ?? '');
  const wanted = Buffer.from(`Bearer ${token}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}
