import { createHmac } from 'node:crypto';

/**
 * The key of one device of a symmetric-key enrollment group.
 *
 * @param groupKey the group's primary or secondary key, decoded
 * @param registrationId used exactly as the device sends it, case included
 * @returns 32 bytes
 * @see Azure DPS, "Symmetric key attestation", group enrollments
 */
export function deriveGroupDeviceKey(groupKey: Uint8Array, registrationId: string): Uint8Array {
  return createHmac('sha256', groupKey).update(registrationId, 'utf8').digest();
}
