import type { RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../kernel/clock.ts';
import { startDeadline } from '../kernel/deadline.ts';
import { createTestPki } from '../pki/test-pki.ts';
import { createHttpsTransport, type HttpsTransportOptions } from './https.ts';
import type { DpsEndpoint, RequestProof } from './provisioning-transport.ts';
import { answer, startTestServer, type TestServer } from './testing/tls-server.ts';

const sas: RequestProof = { kind: 'sas', token: 'SharedAccessSignature sr=x&sig=y&se=1' };
const assigning = { operationId: '4.op', status: 'assigning' };
const never = new AbortController().signal;

const pki = await createTestPki();
const opened: AsyncDisposable[] = [];

afterEach(async () => {
  for (const one of opened.splice(0)) await one[Symbol.asyncDispose]();
});

async function serve(listener: RequestListener): Promise<TestServer> {
  const server = await startTestServer(listener);
  opened.push(server);
  return server;
}

function transportTo(endpoint: DpsEndpoint, options: Partial<HttpsTransportOptions> = {}) {
  const transport = createHttpsTransport(endpoint, { registrationId: 'dev-01', ...options }, systemClock);
  opened.unshift(transport); // clients go before servers
  return transport;
}

describe('HTTPS transport', () => {
  it('sends register and the status query as the device API wants them, over one connection', async () => {
    const seen: unknown[] = [];
    const server = await serve((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += String(chunk);
      });
      request.on('end', () => {
        const { host, authorization, accept } = request.headers;
        const sni = (request.socket as TLSSocket & { servername?: string }).servername;
        seen.push({ method: request.method, url: request.url, body, host, authorization, accept, sni });
        answer(202, assigning, { 'Retry-After': '3' })(request, response);
      });
    });
    const transport = transportTo(server.endpoint);
    const reply = await transport.register({ registrationId: 'dev-01' }, sas, never);
    await transport.queryOperation('4.op', sas, never);
    expect(reply).toEqual({ operation: assigning, retryAfterSeconds: 3 });
    const common = {
      host: `dps.example:${server.endpoint.port}`,
      authorization: sas.token,
      accept: 'application/json',
      sni: 'dps.example',
    };
    expect(seen).toEqual([
      {
        method: 'PUT',
        url: '/0ne00000001/registrations/dev-01/register?api-version=2021-06-01',
        body: '{"registrationId":"dev-01"}',
        ...common,
      },
      {
        method: 'GET',
        url: '/0ne00000001/registrations/dev-01/operations/4.op?api-version=2021-06-01',
        body: '',
        ...common,
      },
    ]);
    expect(server.accepted).toBe(1);
  });

  it('opens a connection again, without resuming the session, after the server closed it', async () => {
    const reused: boolean[] = [];
    const server = await serve((request, response) => {
      reused.push((request.socket as TLSSocket).isSessionReused());
      answer(202, assigning)(request, response);
    });
    const transport = transportTo(server.endpoint);
    await transport.register({}, sas, never);
    const [first] = server.sockets;
    const gone = new Promise((resolve) => first?.once('close', resolve));
    first?.end();
    await gone;
    await transport.queryOperation('4.op', sas, never);
    expect(server.accepted).toBe(2);
    expect(reused).toEqual([false, false]);
  });

  it('can be closed and used again', async () => {
    const server = await serve(answer(202, assigning));
    const transport = transportTo(server.endpoint);
    await transport.connect(never);
    await transport.close();
    await transport.register({}, sas, never);
    expect(server.accepted).toBe(2);
  });

  it('presents the client certificate with its chain', async () => {
    const device = await pki.issueDeviceCertificate({ commonName: 'dev-01' });
    let subject: string | undefined;
    let issuer: string | undefined;
    const server = await serve((request, response) => {
      const peer = (request.socket as TLSSocket).getPeerCertificate(true);
      subject = peer.subject.CN as string;
      issuer = peer.issuerCertificate.subject.CN as string;
      answer(202, assigning)(request, response);
    });
    const tls = { cert: device.chainPem, key: device.privateKeyPem };
    await transportTo(server.endpoint, { tls }).register({}, { kind: 'none' }, never);
    expect(subject).toBe('dev-01');
    expect(issuer).toBe('dps-rig test intermediate');
  });

  it('returns the TPM challenge of a 401', async () => {
    const server = await serve(answer(401, { authenticationKey: 'AQID', keyName: 'registration' }));
    const challenge = await transportTo(server.endpoint).requestChallenge({}, never);
    expect(challenge).toEqual({ blob: new Uint8Array([1, 2, 3]), keyName: 'registration' });
  });

  it.each([
    {
      title: 'a refusal with its whole body',
      listener: answer(401, { errorCode: 401002, trackingId: 't', message: 'Unauthorized' }),
      error: { name: 'DpsServiceError', code: 'DPS_401002', status: 401, trackingId: 't' },
    },
    {
      title: 'throttling',
      listener: answer(429, { errorCode: 429001, message: 'slow' }, { 'Retry-After': '7' }),
      error: { code: 'DPS_429001', status: 429, retryAfterSeconds: 7 },
    },
    {
      title: 'a refusal that is not JSON',
      listener: answer(502, '<html>', { 'Content-Type': 'text/html' }),
      error: { code: 'DPS_502', status: 502, errorCode: undefined },
    },
    { title: 'success that is not JSON', listener: answer(202, 'ok'), error: { code: 'RESPONSE_NOT_JSON' } },
    { title: 'an empty success', listener: answer(202, ''), error: { code: 'RESPONSE_NOT_JSON' } },
    {
      title: 'JSON of another shape',
      listener: answer(202, { status: 'assigning' }),
      error: { code: 'CODEC' },
    },
    {
      title: 'an unknown status',
      listener: answer(200, { operationId: '1', status: 'ok' }),
      error: { code: 'CODEC' },
    },
    {
      title: 'assigned to nowhere',
      listener: answer(200, { operationId: '1', status: 'assigned' }),
      error: { code: 'CODEC' },
    },
    {
      title: 'an oversized answer',
      listener: answer(202, { ...assigning, filler: 'x'.repeat(70_000) }),
      error: { code: 'RESPONSE_TOO_LARGE', phase: 'receive' },
    },
    {
      title: 'a truncated answer',
      listener: ((_request, response) => {
        response.writeHead(202, { 'Content-Length': '1000' });
        response.write('{"operationId":', () => response.destroy());
      }) satisfies RequestListener,
      error: { code: 'RESPONSE_TRUNCATED', phase: 'receive' },
    },
    {
      title: 'a connection closed instead of an answer',
      listener: ((request) => request.socket.destroy()) satisfies RequestListener,
      error: { code: 'ECONNRESET', phase: 'receive' },
    },
    {
      title: 'something that is not HTTP',
      listener: ((request) => request.socket.end('SSH-2.0-OpenSSH\r\n')) satisfies RequestListener,
      error: { code: 'HPE_INVALID_CONSTANT', phase: 'receive' },
    },
  ])('names $title', async ({ listener, error }) => {
    const server = await serve(listener);
    await expect(transportTo(server.endpoint).register({}, sas, never)).rejects.toMatchObject(error);
  });

  it('refuses a success where a challenge is due', async () => {
    const server = await serve(answer(202, assigning));
    await expect(transportTo(server.endpoint).requestChallenge({}, never)).rejects.toMatchObject({
      code: 'CHALLENGE_EXPECTED',
    });
  });

  it('takes a 401 without a challenge for a refusal', async () => {
    const server = await serve(answer(401, { errorCode: 401002, message: 'Unauthorized' }));
    await expect(transportTo(server.endpoint).requestChallenge({}, never)).rejects.toMatchObject({
      code: 'DPS_401002',
    });
  });

  it('gives up at the deadline when no answer comes', async () => {
    const server = await serve(() => undefined);
    using deadline = startDeadline(50, never, 'the attempt');
    await expect(transportTo(server.endpoint).register({}, sas, deadline.signal)).rejects.toMatchObject({
      code: 'TIMEOUT',
      phase: 'timeout',
    });
  });

  it('stops at once when aborted', async () => {
    const controller = new AbortController();
    const server = await serve(() => controller.abort());
    await expect(transportTo(server.endpoint).register({}, sas, controller.signal)).rejects.toMatchObject({
      code: 'ABORTED',
      phase: 'aborted',
    });
  });
});

describe('HTTPS transport, connecting', () => {
  it('names a name that does not resolve', async () => {
    const endpoint = { ...(await serve(answer(202, assigning))).endpoint, address: 'no-such-host.invalid' };
    await expect(transportTo(endpoint).connect(never)).rejects.toMatchObject({ phase: 'resolve' });
  });

  it('names a port where nobody listens', async () => {
    const unused = createTcpServer();
    await new Promise<void>((resolve) => unused.listen(0, '127.0.0.1', resolve));
    const { port } = unused.address() as AddressInfo;
    await new Promise((resolve) => unused.close(resolve));
    const endpoint = { ...(await serve(answer(202, assigning))).endpoint, port };
    await expect(transportTo(endpoint).connect(never)).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      phase: 'connect',
    });
  });

  it('refuses a server certificate of another CA', async () => {
    const server = await serve(answer(202, assigning));
    const { rootPem } = (await createTestPki({ name: 'other' })).bundle;
    const endpoint = { ...server.endpoint, caPem: rootPem };
    await expect(transportTo(endpoint).connect(never)).rejects.toMatchObject({ phase: 'tls' });
  });

  it('refuses a server certificate for another name', async () => {
    const server = await serve(answer(202, assigning));
    await expect(
      transportTo({ ...server.endpoint, hostName: 'other.example' }).connect(never),
    ).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID', phase: 'tls' });
  });

  it('names a server that accepts and then closes', async () => {
    const server = createTcpServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    opened.push({ [Symbol.asyncDispose]: async () => void (await new Promise((r) => server.close(r))) });
    const { port } = server.address() as AddressInfo;
    const endpoint: DpsEndpoint = {
      hostName: 'dps.example',
      address: '127.0.0.1',
      port,
      idScope: '0ne00000001',
      apiVersion: '2021-06-01',
    };
    await expect(transportTo(endpoint).connect(never)).rejects.toMatchObject({
      code: 'ECONNRESET',
      phase: 'tls',
    });
  });

  it('gives up at the deadline when the handshake does not go on', async () => {
    const server = createTcpServer((socket) => socket.on('error', () => undefined).resume());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    opened.push({ [Symbol.asyncDispose]: async () => void (await new Promise((r) => server.close(r))) });
    const { port } = server.address() as AddressInfo;
    const endpoint = { hostName: 'dps.example', address: '127.0.0.1', port, idScope: 'x', apiVersion: 'x' };
    using deadline = startDeadline(50, never, 'the attempt');
    await expect(transportTo(endpoint).connect(deadline.signal)).rejects.toMatchObject({ code: 'TIMEOUT' });
  });
});
