import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toBase64 } from '../kernel/bytes.ts';
import { formatSasToken, signSas } from '../wire/sas-token.ts';
import { type RunningDps, startDps } from './emulator.ts';
import { makeTpmKeys, symmetricKeys } from './testing/test-core.ts';

const key = new Uint8Array(32).fill(0x5a);
const keyText = toBase64(key);

describe('the request log of an emulator', () => {
  let dps: RunningDps;
  beforeAll(async () => {
    dps = await startDps();
    await dps.control.enroll([{ registrationId: 'dev-1', attestation: symmetricKeys(key) }]);
  });
  afterAll(() => dps[Symbol.asyncDispose]());

  const send = (method: string, path: string, headers: Record<string, string>, body = ''): Promise<number> =>
    new Promise((resolve, reject) => {
      const { address: host, port, hostName } = dps.https;
      const type = { 'content-type': 'application/json' };
      const options = { host, port, path, method, ca: dps.caPem, servername: hostName, agent: false };
      request({ ...options, headers: { ...type, ...headers } }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      })
        .on('error', reject)
        .end(body);
    });

  const tokenFor = (sr: string, skn: string, by: Uint8Array, lifeSeconds = 60) => {
    const expirySeconds = Math.floor(Date.now() / 1000) + lifeSeconds;
    const signature = signSas(by, sr, expirySeconds);
    return { text: formatSasToken({ sr, signature, expirySeconds, skn }), signature: toBase64(signature) };
  };

  it('holds no token, no key and no body, whatever is accepted or refused', async () => {
    const sr = `${dps.idScope}/registrations/dev-1`;
    const good = tokenFor(sr, 'registration', key);
    const expired = tokenFor(sr, 'registration', key, -60);
    const foreign = tokenFor(sr, 'registration', new Uint8Array(32).fill(9));
    const serviceKey = /SharedAccessKey=(.+)$/.exec(dps.serviceConnectionString)?.[1] ?? '';
    const service = tokenFor('localhost', 'provisioningserviceowner', Buffer.from(serviceKey, 'base64'));
    const tpm = makeTpmKeys();
    const register = `/${dps.idScope}/registrations/dev-1/register?api-version=2021-06-01`;
    const enrollment = (id: string) => `/enrollments/${id}?api-version=2021-10-01`;
    const enrolled = (id: string) => JSON.stringify({ registrationId: id, attestation: symmetricKeys(key) });
    const asService = { authorization: service.text, host: 'localhost' };

    expect(await send('PUT', register, { authorization: good.text }, '{"payload":"s3cret-payload"}')).toBe(
      202,
    );
    expect(await send('PUT', register, { authorization: expired.text }, '{}')).toBe(401);
    expect(await send('PUT', register, { authorization: foreign.text }, '{}')).toBe(401);
    expect(await send('PUT', register, {}, `{"s3cret-payload": ${keyText}`)).toBe(400);
    expect(await send('PUT', register, {}, JSON.stringify({ tpm }))).toBe(401);
    expect(await send('GET', `${register}&sig=s3cret-payload`, {})).toBe(405);
    expect(await send('PUT', enrollment('dev-2'), asService, enrolled('dev-2'))).toBe(200);
    expect(await send('PUT', enrollment('dev-3'), asService, enrolled('dev-4'))).toBe(400);
    expect(await send('PUT', enrollment('dev-3'), asService, `{"registrationId": "${keyText}`)).toBe(400);
    expect(await send('PUT', enrollment('dev-3'), { authorization: good.text }, enrolled('dev-3'))).toBe(401);

    const requests = await dps.control.requests();
    expect(requests).toHaveLength(10);
    const log = JSON.stringify(requests);
    const signatures = [good, expired, foreign, service].flatMap(({ signature }) => [
      signature,
      encodeURIComponent(signature),
    ]);
    for (const secret of [keyText, serviceKey, 's3cret-payload', tpm.endorsementKey, ...signatures]) {
      expect(log).not.toContain(secret);
    }
  });
});
