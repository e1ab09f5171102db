import type { DeviceFault } from '../faults/device-fault.ts';
import { utf8 } from '../kernel/bytes.ts';
import type { Clock } from '../kernel/clock.ts';
import { formatSasToken, sasSigningInput } from '../wire/sas-token.ts';

/** As long as the official SDKs' tokens for DPS; one token serves the register request and all status queries. */
const TOKEN_LIFE_SECONDS = 3_600;

export interface RegistrationTokenRequest {
  readonly idScope: string;
  readonly registrationId: string;
  readonly keyName: string;
  readonly fault: DeviceFault | undefined;
}

/**
 * Builds the SAS token with which a device proves itself to DPS.
 *
 * @param sign HMAC-SHA256 with the device's key, wherever that lives
 * @see Azure DPS: `sr` is {idScope}/registrations/{registrationId}, percent-encoded
 */
export async function createRegistrationToken(
  { idScope, registrationId, keyName, fault }: RegistrationTokenRequest,
  sign: (input: Uint8Array) => Promise<Uint8Array>,
  clock: Clock,
): Promise<string> {
  const sr = encodeURIComponent(`${idScope}/registrations/${registrationId}`);
  const honest = Math.ceil(clock.nowMs() / 1000) + TOKEN_LIFE_SECONDS;
  const expirySeconds = fault?.sasExpirySeconds?.(honest) ?? honest;
  const text = fault?.sasSignedText?.(sr, expirySeconds) ?? sasSigningInput(sr, expirySeconds);
  const signature = await sign(utf8(text));
  const token = formatSasToken({ sr, signature, expirySeconds, skn: keyName });
  return fault?.sasToken?.(token) ?? token;
}
