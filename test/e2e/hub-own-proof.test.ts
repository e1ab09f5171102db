import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestPki, type RunningDps, startDps, type TestPki } from '../../simulators/index.ts';
import { fromBase64 } from '../../simulators/kernel/bytes.ts';
import { formatSasToken, signSas } from '../../simulators/wire/sas-token.ts';
import { openRaw, requestText, sendOnce } from '../support/raw-https.ts';

const hub = 'hub-own.azure-devices.net';
const primaryKey = Buffer.alloc(32, 3).toString('base64');
const secondaryKey = Buffer.alloc(32, 4).toString('base64');
const authentication = { type: 'sas', symmetricKey: { primaryKey, secondaryKey } };

/** As identity-service writes it: the resource in lower case, half a minute of life, no policy. */
function tokenFor(resource: string, key = primaryKey, skn?: string): string {
  const sr = encodeURIComponent(resource.toLowerCase());
  const expirySeconds = Math.floor(Date.now() / 1000) + 30;
  return formatSasToken({ sr, signature: signSas(fromBase64(key), sr, expirySeconds), expirySeconds, skn });
}

describe('devices at a hub over HTTPS', () => {
  let dps: RunningDps;
  let pki: TestPki;
  beforeAll(async () => {
    pki = await createTestPki();
    dps = await startDps({ hubs: [hub], hubKey: primaryKey });
    const bodies = {
      'Dev-S': { authentication },
      'dev-ca': { authentication: { type: 'certificateAuthority' } },
      'dev-off': { authentication, status: 'disabled' },
    };
    for (const [deviceId, body] of Object.entries(bodies)) {
      const made = await sendOnce(
        dps,
        hubRequest('PUT', `/devices/${deviceId}`, tokenFor(hub, primaryKey, 'iothubowner'), {
          deviceId,
          ...body,
        }),
      );
      expect(made.status).toBe(200);
    }
  });
  afterAll(async () => {
    await dps[Symbol.asyncDispose]();
  });

  function hubRequest(method: string, path: string, token = '', body?: unknown, ifMatch = ''): string {
    return requestText(method, `${path}?api-version=2017-11-08-preview`, {
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: { Host: hub, Authorization: token, 'If-Match': ifMatch },
    });
  }

  it('keep their modules with their own token, as identity-service does', async () => {
    await using connection = await openRaw(dps);
    const ask = (method: string, rest = '', body?: unknown, ifMatch?: string) =>
      connection.send(
        hubRequest(method, `/devices/Dev-S/modules${rest}`, tokenFor(`${hub}/devices/Dev-S`), body, ifMatch),
      );
    const names = { moduleId: 'm', deviceId: 'Dev-S', managedBy: 'aziot' };
    const made = await ask('PUT', '/m', names);
    expect(made).toMatchObject({ status: 200, json: { moduleId: 'm', managedBy: 'aziot' } });
    const { generationId } = made.json;
    expect(generationId).toMatch(/./);
    const given = await ask('PUT', '/m', { ...names, authentication }, '*');
    expect(given).toMatchObject({ status: 200, json: { generationId, authentication } });
    expect((await ask('GET', '/m')).json).toMatchObject({ moduleId: 'm', authentication });
    expect(JSON.parse((await ask('GET')).body)).toMatchObject([{ moduleId: 'm' }]);
    expect((await ask('DELETE', '/m', undefined, '*')).status).toBe(204);
    expect((await ask('GET', '/m')).status).toBe(404);
  });

  it.each([
    ['the modules of another device', '/devices/dev-ca/modules', `${hub}/devices/Dev-S`],
    ['the modules of a disabled device', '/devices/dev-off/modules', `${hub}/devices/dev-off`],
    ['the identity of a device', '/devices/Dev-S', `${hub}/devices/Dev-S`],
  ])('may not read %s', async (_what, path, resource) => {
    const answer = await sendOnce(dps, hubRequest('GET', path, tokenFor(resource)));
    expect(answer.status).toBe(401);
    expect(answer.json['Message']).toMatch(/^ErrorCode:IotHubUnauthorizedAccess;./);
  });

  it('come in by a chain to a CA as soon as it is verified, and no longer than it is there', async () => {
    const { chainPem: cert, privateKeyPem: key } = await pki.issueDeviceCertificate({ commonName: 'dev-ca' });
    await using connection = await openRaw(dps, { cert, key });
    const send = async () =>
      (await connection.send(hubRequest('POST', '/devices/dev-ca/messages/events', '', {}))).status;
    const { control } = dps;
    await control.uploadCaCertificate('factory', pki.bundle.rootPem);
    expect(await send()).toBe(401);
    const commonName = await control.requestCaVerification('factory');
    const proof = await pki.issueDeviceCertificate({ commonName, issuer: 'root' });
    await control.verifyCaCertificate('factory', proof.certificatePem);
    expect(await send()).toBe(204);
    const modules = await connection.send(hubRequest('PUT', '/devices/dev-ca/modules/m', '', {}));
    expect(modules.status).toBe(200);
    await control.removeCaCertificate('factory');
    expect(await send()).toBe(401);
  });
});
