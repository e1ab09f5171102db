import { toError } from '../../kernel/errors.ts';
import type { DeviceRegistration } from '../../wire/device-api.ts';
import { type Refusal, refusals } from '../refusal.ts';

/**
 * Reads a DeviceRegistration body. Unknown members are passed over, an absent registrationId is allowed.
 *
 * @param registrationId of the path; one in the body must be the same, without regard to case
 */
export function parseDeviceRegistration(
  body: Buffer,
  registrationId: string,
): { readonly registration: DeviceRegistration } | { readonly refusal: Refusal } {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (error) {
    return { refusal: refusals.malformedBody(`the body is not JSON: ${toError(error).message}`) };
  }
  if (!isObject(value)) return malformed('the body', 'an object');
  const { registrationId: id, tpm } = value;
  if (id !== undefined && typeof id !== 'string') return malformed('registrationId', 'a string');
  if (id !== undefined && id.toLowerCase() !== registrationId.toLowerCase()) {
    return {
      refusal: refusals.invalidArgument(`registrationId ${id} differs from the path's ${registrationId}`),
    };
  }
  if (tpm === undefined || tpm === null)
    return { registration: { ...common(id), payload: value['payload'] } };
  if (!isObject(tpm) || typeof tpm['endorsementKey'] !== 'string')
    return malformed('tpm.endorsementKey', 'a base64 string');
  const { endorsementKey, storageRootKey } = tpm;
  if (storageRootKey !== undefined && typeof storageRootKey !== 'string')
    return malformed('tpm.storageRootKey', 'a base64 string');
  const keys = { endorsementKey, ...(storageRootKey === undefined ? {} : { storageRootKey }) };
  return { registration: { ...common(id), tpm: keys, payload: value['payload'] } };
}

const common = (registrationId: string | undefined): DeviceRegistration =>
  registrationId === undefined ? {} : { registrationId };

const malformed = (what: string, expected: string): { readonly refusal: Refusal } => ({
  refusal: refusals.malformedBody(`${what}: expected ${expected}`),
});

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
