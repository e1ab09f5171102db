import { utf8 } from '../kernel/bytes.ts';
import type { Clock } from '../kernel/clock.ts';
import type { HubDevice } from '../transport/hub-transport.ts';
import { formatSasToken, sasSigningInput } from '../wire/sas-token.ts';

/** As long as the tokens that the official SDKs make for a hub. */
const TOKEN_LIFE_SECONDS = 3_600;

/**
 * Builds the SAS token with which a device proves itself to its hub. Unlike the one for DPS it has no `skn`.
 *
 * @param sign HMAC-SHA256 with the device's hub key, wherever that lives; for a TPM this is the key that came with
 *   the assignment, not the one that answered the challenge
 * @see Azure IoT Hub: `sr` is {hub}/devices/{deviceId}, percent-encoded
 */
export async function createHubToken(
  { hub, deviceId }: HubDevice,
  sign: (input: Uint8Array) => Promise<Uint8Array>,
  clock: Clock,
): Promise<string> {
  const sr = encodeURIComponent(`${hub}/devices/${deviceId}`);
  const expirySeconds = Math.ceil(clock.nowMs() / 1000) + TOKEN_LIFE_SECONDS;
  const signature = await sign(utf8(sasSigningInput(sr, expirySeconds)));
  return formatSasToken({ sr, signature, expirySeconds });
}
