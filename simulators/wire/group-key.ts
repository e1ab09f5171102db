import { hmacSha256 } from './hmac-sha256.ts';

/**
 * The key of one device of a symmetric-key enrollment group.
 *
 * @param groupKey the group's primary or secondary key, decoded
 * @param registrationId used exactly as the device sends it, case included
 * @returns 32 bytes
 * @see Azure DPS, "Symmetric key attestation", group enrollments
 */
export function deriveGroupDeviceKey(groupKey: Uint8Array, registrationId: string): Uint8Array {
  return hmacSha256(groupKey, registrationId);
}
