import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createTestPki } from '../pki/test-pki.ts';
import { exchange } from './http-exchange.ts';

describe('exchange', () => {
  it('leaves the connection fit for the next request when an answer comes before the request is written', async () => {
    const pki = await createTestPki();
    const names = { names: ['localhost'], addresses: ['127.0.0.1'] };
    const { chainPem, privateKeyPem } = await pki.issueServerCertificate(names);
    const server = createServer({ cert: chainPem, key: privateKeyPem }, (request, response) => {
      response.end(`{"method":"${request.method ?? ''}"}`, () => request.resume());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: pki.bundle.rootPem });
    await once(socket, 'secureConnect');
    const signal = AbortSignal.timeout(10_000);
    // More than fits in all buffers on the way.
    const body = 'x'.repeat(16 * 1024 * 1024);
    const headers = { Host: 'localhost', 'Content-Length': body.length };
    const answers = [
      await exchange(socket, { method: 'PUT', path: '/', headers, body }, signal),
      await exchange(socket, { method: 'GET', path: '/', headers: { Host: 'localhost' } }, signal),
    ];
    expect(answers.map((answer) => answer.body)).toEqual(['{"method":"PUT"}', '{"method":"GET"}']);
    socket.destroy();
    server.close();
    await once(server, 'close');
  });
});
