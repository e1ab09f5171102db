import { toError } from '../../kernel/errors.ts';
import type { DeviceRegistration } from '../../wire/device-api.ts';
import { type Refusal, refusals } from '../refusal.ts';
import { idKey } from '../registration-id.ts';

/** The service's limit for a message. */
export const BODY_LIMIT_BYTES = 96 * 1024;

export type ReadRegistration = { readonly registration: DeviceRegistration } | { readonly refusal: Refusal };

/**
 * Reads a DeviceRegistration body. Unknown members are passed over, an absent registrationId is allowed.
 *
 * @param registrationId of the path; one in the body must be the same, without regard to case
 */
export function readDeviceRegistration(body: Buffer, registrationId: string): ReadRegistration {
  let value: unknown;
  try {
    value = JSON.parse(body.toString('utf8'));
  } catch (error) {
    return { refusal: refusals.malformedBody(`the body is not JSON${positionIn(toError(error).message)}`) };
  }
  if (!isObject(value)) return malformed('the body', 'an object');
  const { registrationId: id, tpm, payload } = value;
  if (!isAbsent(id)) {
    if (typeof id !== 'string') return malformed('registrationId', 'a string');
    if (idKey(id) !== idKey(registrationId)) {
      const reason = `registrationId ${id.slice(0, 128)} differs from the path's ${registrationId}`;
      return { refusal: refusals.invalidArgument(reason) };
    }
  }
  if (!isAbsent(value['csr']) || !isAbsent(value['clientCertificateCsr'])) {
    return { refusal: refusals.invalidArgument('issuing certificates for a csr is not emulated') };
  }
  if (isAbsent(tpm)) return { registration: { payload } };
  if (!isObject(tpm)) return malformed('tpm', 'an object');
  const { endorsementKey, storageRootKey } = tpm;
  if (typeof endorsementKey !== 'string') return malformed('tpm.endorsementKey', 'a base64 string');
  if (isAbsent(storageRootKey)) return { registration: { tpm: { endorsementKey }, payload } };
  if (typeof storageRootKey !== 'string') return malformed('tpm.storageRootKey', 'a base64 string');
  return { registration: { tpm: { endorsementKey, storageRootKey }, payload } };
}

/** Some clients write `null` for what they do not have. */
const isAbsent = (value: unknown): value is undefined | null => value === undefined || value === null;

/** The parser's message quotes the body, which may hold what no log should. */
const positionIn = (message: string): string => / at position \d+/.exec(message)?.[0] ?? '';

const malformed = (what: string, expected: string): { readonly refusal: Refusal } => ({
  refusal: refusals.malformedBody(`${what}: expected ${expected}`),
});

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
