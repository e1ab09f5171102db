import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { toBase64 } from '../../simulators/kernel/bytes.ts';
import { formatSasToken, signSas } from '../../simulators/wire/sas-token.ts';
import { deviceToken } from '../support/device-tokens.ts';
import { type EmulatorProcess, startEmulatorProcess } from '../support/emulator-process.ts';
import { openRaw, type RawAnswer, type RawConnection, requestText } from '../support/raw-https.ts';

const key = new Uint8Array(32).fill(7);
const serviceKey = new Uint8Array(32).fill(8);
const registrationId = 'dev-01';
const expirySeconds = Math.floor(Date.now() / 1000) + 3600;

describe('the quotas of dps-rig emulate', () => {
  let emulator: EmulatorProcess;
  let connection: RawConnection;

  beforeEach(async () => {
    const quotas = ['--quotas', 'strict', '--quota-registrations-per-minute', '1'];
    const hostName = 'global.azure-devices-provisioning.net';
    emulator = await startEmulatorProcess('--service-key', toBase64(serviceKey), ...quotas);
    connection = await openRaw({ caPem: emulator.caPem, https: { ...emulator.https, hostName } });
  });
  afterEach(async () => {
    await connection[Symbol.asyncDispose]();
    await emulator[Symbol.asyncDispose]();
  });

  function expectThrottled({ status, headers, json }: RawAnswer): void {
    expect(status).toBe(429);
    expect(headers.get('retry-after')).toMatch(/^([1-9]|[1-5]\d|60)$/);
    expect(headers.get('x-ms-error-code')).toBe('429001');
    expect(json).toMatchObject({ errorCode: 429001, trackingId: headers.get('x-ms-request-id') });
  }

  it('answer 429 with Retry-After and the error body of the service to register and status queries', async () => {
    const { idScope } = emulator;
    const attestation = { type: 'symmetricKey', symmetricKey: { primaryKey: toBase64(key) } } as const;
    await emulator.control.enroll([{ registrationId, attestation }]);
    const headers = { Authorization: deviceToken({ idScope, registrationId, key }) };
    const base = `/${idScope}/registrations/${registrationId}`;
    const register = requestText('PUT', `${base}/register?api-version=2021-06-01`, { body: '{}', headers });
    const { status, json } = await connection.send(register);
    expect(status).toBe(202);
    expectThrottled(await connection.send(register));

    const path = `${base}/operations/${String(json['operationId'])}?api-version=2021-06-01`;
    const poll = requestText('GET', path, { headers });
    expect((await connection.send(poll)).status).toBe(200);
    expect((await connection.send(poll)).status).toBe(200);
    expectThrottled(await connection.send(poll));
  });

  it('answer 429 to the operations of the service API that go over theirs', async () => {
    const sr = 'global.azure-devices-provisioning.net';
    const signature = signSas(serviceKey, sr, expirySeconds);
    const skn = 'provisioningserviceowner';
    const headers = { Authorization: formatSasToken({ sr, signature, expirySeconds, skn }) };
    const get = requestText('GET', '/enrollments/nobody?api-version=2021-10-01', { headers });
    for (let count = 0; count < 10; count += 1) expect((await connection.send(get)).status).toBe(404);
    expectThrottled(await connection.send(get));
  });
});
