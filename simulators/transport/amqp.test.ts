import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../kernel/clock.ts';
import { startDeadline } from '../kernel/deadline.ts';
import { TransportError } from '../kernel/errors.ts';
import { createAmqpTransport, createAmqpWsTransport } from './amqp.ts';
import type { RequestProof } from './provisioning-transport.ts';
import { startRawServer, startTestServer, type TestServer } from './testing/tls-server.ts';

const sas: RequestProof = { kind: 'sas', token: 'SharedAccessSignature sr=x&sig=y&se=1' };
const tpm = { endorsementKey: 'RUs=', storageRootKey: 'U1JL' };
const never = new AbortController().signal;

const saslHeader = Buffer.from('414d515003010000', 'hex');
const header = Buffer.from('414d515000010000', 'hex');
const frame = (type: 0 | 1, performative: string): Buffer => {
  const bytes = Buffer.from(`0000000002${type === 0 ? '000000' : '010000'}${performative}`, 'hex');
  bytes.writeUInt32BE(bytes.length);
  return bytes;
};
/** PLAIN and TPM */
const mechanisms = frame(1, '005340d00000001800000001f00000000f00000002a305504c41494e0354504d');
const outcome = (code: 0 | 1 | 2): Buffer => frame(1, `005344d00000000600000001500${code}`);
const oversized = Buffer.from('7fffffff02000000', 'hex');

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one[Symbol.asyncDispose]();
});

/** A TLS server that sends what it is told on every connection, and then waits or ends. */
async function serve(pieces: readonly Buffer[], then: 'waits' | 'ends' = 'waits'): Promise<TestServer> {
  const server = await startRawServer((socket) => {
    socket.resume();
    for (const piece of pieces) socket.write(piece);
    if (then === 'ends') socket.end();
  });
  opened.push(server);
  return server;
}

function transportTo({ endpoint }: TestServer, create = createAmqpTransport) {
  const dialled = { ...endpoint, amqpPort: endpoint.port };
  const transport = create(dialled, { registrationId: 'dev-01' }, systemClock);
  opened.unshift(transport); // clients go before servers
  return transport;
}

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  );

describe('AMQP transport', () => {
  it.each([
    ['is not AMQP', [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')]],
    ['speaks AMQP where SASL is due', [header]],
    ['sends a frame that cannot be', [saslHeader, mechanisms, frame(1, '00ff')]],
    ['sends AMQP frames before SASL is done', [saslHeader, mechanisms, frame(0, '005310c00503a1016340')]],
  ])('fails with what a peer that %s did', async (_what, pieces) => {
    const transport = transportTo(await serve(pieces));
    const error = await failureOf(transport.register({ registrationId: 'dev-01' }, sas, never));
    expect(error).toBeInstanceOf(TransportError);
    expect(error).toMatchObject({ phase: 'receive' });
  });

  it.each([
    ['at once', []],
    ['after its mechanisms', [saslHeader, mechanisms]],
    ['after SASL', [saslHeader, mechanisms, outcome(0)]],
  ])('fails when the service closes the connection %s', async (_when, pieces) => {
    const transport = transportTo(await serve(pieces, 'ends'));
    const error = await failureOf(transport.register({ registrationId: 'dev-01' }, sas, never));
    expect(error).toMatchObject({ phase: 'receive', code: 'ECONNRESET' });
  });

  it.each([
    [1, 401],
    [2, 500],
  ] as const)('takes the SASL outcome %i for a refusal with status %i', async (code, status) => {
    const transport = transportTo(await serve([saslHeader, mechanisms, outcome(code)]));
    const error = await failureOf(transport.register({ registrationId: 'dev-01' }, sas, never));
    expect(error).toMatchObject({ name: 'DpsServiceError', status });
  });

  it('fails a TPM challenge that the service refuses', async () => {
    const transport = transportTo(await serve([saslHeader, mechanisms, outcome(1)]));
    const error = await failureOf(transport.requestChallenge({ registrationId: 'dev-01', tpm }, never));
    expect(error).toMatchObject({ name: 'DpsServiceError', status: 401 });
  });

  it.each([
    ['SASL', [saslHeader, mechanisms]],
    ['its open', [saslHeader, mechanisms, outcome(0), header]],
    ['the rest of a frame', [saslHeader, mechanisms, outcome(0), header, oversized]],
  ])(
    'gives up at the deadline when the service never ends %s, and leaves no socket',
    async (_what, pieces) => {
      const server = await serve(pieces);
      const transport = transportTo(server);
      using deadline = startDeadline(60, never, 'the test');
      const error = await failureOf(transport.register({ registrationId: 'dev-01' }, sas, deadline.signal));
      expect(error).toMatchObject({ phase: 'timeout', code: 'TIMEOUT' });
      // Not `once`: a client that gives up may reset the connection, and that is no failure.
      await Promise.all(
        [...server.sockets].map((socket) => new Promise((resolve) => socket.on('close', resolve))),
      );
      expect(server.sockets.size).toBe(0);
    },
  );

  it('fails when the service sends without end', async () => {
    const flood = Buffer.alloc(5 * 1024 * 1024);
    const transport = transportTo(
      await serve([saslHeader, mechanisms, outcome(0), header, oversized, flood]),
    );
    const error = await failureOf(transport.register({ registrationId: 'dev-01' }, sas, never));
    expect(error).toMatchObject({ phase: 'receive', code: 'RESPONSE_TOO_LARGE' });
  });

  it('closes what was connected and never used', async () => {
    const server = await serve([]);
    const transport = transportTo(server);
    await transport.connect(never);
    await transport.close();
    await Promise.all([...server.sockets].map((socket) => once(socket, 'close')));
    expect(server.sockets.size).toBe(0);
  });

  it('fails when the server of a WebSocket refuses the upgrade', async () => {
    const server = await startTestServer((_request, response) => response.writeHead(404).end());
    opened.push(server);
    const error = await failureOf(transportTo(server, createAmqpWsTransport).connect(never));
    expect(error).toMatchObject({ phase: 'receive', code: 'UPGRADE_REFUSED' });
  });
});
