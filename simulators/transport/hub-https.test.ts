import type { RequestListener } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { createTestPki } from '../pki/test-pki.ts';
import { createHubHttpsTransport } from './hub-https.ts';
import type { HubTransport } from './hub-transport.ts';
import type { RequestProof } from './provisioning-transport.ts';
import type { TlsIdentity } from './secure-context.ts';
import { answer, startTestServer } from './testing/tls-server.ts';

const sas: RequestProof = { kind: 'sas', token: 'SharedAccessSignature sr=x&sig=y&se=1' };
const never = new AbortController().signal;
const pki = await createTestPki();
const opened: AsyncDisposable[] = [];

afterEach(async () => {
  for (const one of opened.splice(0)) await one[Symbol.asyncDispose]();
});

async function hubThat(listener: RequestListener, tls?: TlsIdentity) {
  const server = await startTestServer(listener);
  const transport: HubTransport = createHubHttpsTransport(server.endpoint, {
    ...{ hub: 'dps.example', deviceId: 'dev 01', tls },
  });
  opened.push(transport, server); // clients go before servers
  return { server, transport };
}

const noContent: RequestListener = (request, response) => {
  request.resume();
  response.writeHead(204).end();
};

describe('HTTPS transport to a hub', () => {
  it('posts telemetry as the device API wants it, over the connection it opened', async () => {
    const seen: unknown[] = [];
    const { server, transport } = await hubThat((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += String(chunk);
      });
      request.on('end', () => {
        const { host, authorization } = request.headers;
        const sni = (request.socket as TLSSocket & { servername?: string }).servername;
        const id = request.headers['iothub-app-registrationId'.toLowerCase()];
        const to = request.headers['iothub-to'];
        seen.push({ method: request.method, url: request.url, body, host, authorization, sni, id, to });
        response.writeHead(204).end();
      });
    });
    await transport.connect(sas, never);
    await transport.sendTelemetry({ body: '{"t":"°"}', properties: { registrationId: 'm1' } }, never);
    expect(seen).toEqual([
      {
        method: 'POST',
        url: '/devices/dev%2001/messages/events?api-version=2021-04-12',
        body: '{"t":"°"}',
        host: `dps.example:${server.endpoint.port}`,
        authorization: sas.token,
        sni: 'dps.example',
        id: 'm1',
        to: '/devices/dev%2001/messages/events',
      },
    ]);
    expect(server.accepted).toBe(1);
  });

  it('proves an X.509 device by its client certificate alone', async () => {
    const leaf = await pki.issueServerCertificate({ names: ['dev.example'] });
    const seen: unknown[] = [];
    const { transport } = await hubThat(
      (request, response) => {
        const subject = (request.socket as TLSSocket).getPeerX509Certificate()?.subjectAltName;
        seen.push([request.headers.authorization, subject]);
        noContent(request, response);
      },
      { cert: leaf.chainPem, key: leaf.privateKeyPem },
    );
    await transport.connect({ kind: 'none' }, never);
    await transport.sendTelemetry({ body: 'x', properties: {} }, never);
    expect(seen).toEqual([[undefined, 'DNS:dev.example']]);
  });

  it.each([
    [401, { Message: 'ErrorCode:IotHubUnauthorizedAccess;Unauthorized' }, 'HUB_IotHubUnauthorizedAccess'],
    [404, { Message: 'ErrorCode:DeviceNotFound;dev 01' }, 'HUB_DeviceNotFound'],
    [503, 'no JSON', 'HUB_503'],
  ])('names a refusal with status %i', async (status, body, code) => {
    const { transport } = await hubThat(answer(status, body));
    await transport.connect(sas, never);
    await expect(transport.sendTelemetry({ body: 'x', properties: {} }, never)).rejects.toMatchObject({
      status,
      code,
    });
  });
});
