import { describe, expect, it } from 'vitest';
import { startDps } from '../../simulators/index.ts';
import { toBase64 } from '../../simulators/kernel/bytes.ts';
import { deviceToken } from '../support/device-tokens.ts';
import { openRaw, requestText } from '../support/raw-https.ts';

const key = new Uint8Array(32).fill(7);
const registrationId = 'dev-01';

describe('the quotas of the emulator', () => {
  it('answer 429 with Retry-After and the error body of the service', async () => {
    await using dps = await startDps({ quotas: { registrationsPerMinute: 1 } });
    await dps.control.enroll([
      {
        registrationId,
        attestation: { type: 'symmetricKey', symmetricKey: { primaryKey: toBase64(key) } },
      },
    ]);
    const path = `/${dps.idScope}/registrations/${registrationId}/register?api-version=2021-06-01`;
    const register = requestText('PUT', path, {
      body: '{}',
      headers: { Authorization: deviceToken({ idScope: dps.idScope, registrationId, key }) },
    });
    await using connection = await openRaw(dps);
    expect((await connection.send(register)).status).toBe(202);
    const { status, headers, json } = await connection.send(register);
    expect(status).toBe(429);
    expect(headers.get('retry-after')).toMatch(/^([1-9]|[1-5]\d|60)$/);
    expect(headers.get('x-ms-error-code')).toBe('429001');
    expect(json).toMatchObject({ errorCode: 429001, trackingId: headers.get('x-ms-request-id') });
  });
});
