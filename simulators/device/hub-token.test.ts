import { describe, expect, it } from 'vitest';
import { utf8 } from '../kernel/bytes.ts';
import { systemClock } from '../kernel/clock.ts';
import { hmacSha256 } from '../wire/hmac-sha256.ts';
import { createHubToken } from './hub-token.ts';

// Made with `openssl dgst -sha256 -mac HMAC`, the key being the text 0123456789abcdef twice over; it is also what
// SharedAccessSignature.createWithSigningFunction of azure-iot-common 1.13 writes.
const token =
  'SharedAccessSignature sr=hub-1.azure-devices.net%2Fdevices%2Fdev-01' +
  '&sig=8m%2FieIHJb89rUsu1Qh4riRAMLi4WmAeeFKI%2FahGOSVE%3D&se=1700000000';

describe('hub token', () => {
  it('names hub and device, ends after an hour and has no key name', async () => {
    const key = utf8('0123456789abcdef0123456789abcdef');
    const clock = { ...systemClock, nowMs: () => 1_699_996_400_000 };
    const sign = (input: Uint8Array) => Promise.resolve(hmacSha256(key, Buffer.from(input).toString()));
    const made = await createHubToken({ hub: 'hub-1.azure-devices.net', deviceId: 'dev-01' }, sign, clock);
    expect(made).toBe(token);
  });
});
