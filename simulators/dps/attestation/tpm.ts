import { randomBytes, timingSafeEqual } from 'node:crypto';
import { fromBase64, toBase64, utf8 } from '../../kernel/bytes.ts';
import { CodecError } from '../../kernel/errors.ts';
import { makeActivationBlob } from '../../tpm/credential.ts';
import type { DeviceRegistration } from '../../wire/device-api.ts';
import { type SasToken, sasSignatureMatches } from '../../wire/sas-token.ts';
import type { IndividualEntry } from '../enrollment-entry.ts';
import { refusals } from '../refusal.ts';
import { admitted, type Decision, refused, sasAuthentication } from './admission.ts';
import type { AttestationContext, DeviceIdentity } from './attest.ts';

/** As in three captured blobs of the service. */
const KEY_BYTES = 32;
const KEY_LIFE_MS = 10 * 60_000;

/** First step: the EK against the enrollment, then a key that only the TPM with that EK and SRK can unwrap. */
export function challengeTpm(
  device: DeviceIdentity,
  presented: NonNullable<DeviceRegistration['tpm']>,
  individual: IndividualEntry | undefined,
  { issuedKeys, clock }: AttestationContext,
): Decision {
  const { registrationId } = device;
  if (individual === undefined) {
    return refused(refusals.enrollmentNotFound(`${registrationId} has no individual enrollment`));
  }
  if (individual.kind !== 'tpm') {
    const reason = `${registrationId} is enrolled by ${individual.kind}, TPM keys were presented`;
    return refused(refusals.notAuthorizedHere(reason));
  }
  try {
    const given = fromBase64(presented.endorsementKey);
    if (!sameBytes(given, individual.endorsementKey)) {
      const reason = `the EK presented is not the one enrolled for ${registrationId}`;
      return refused(refusals.notAuthorizedHere(reason));
    }
    if (presented.storageRootKey === undefined) {
      return refused(refusals.invalidArgument('tpm.storageRootKey is missing'));
    }
    const storageRootKey = fromBase64(presented.storageRootKey);
    const key = randomBytes(KEY_BYTES);
    const blob = makeActivationBlob({
      endorsementKey: given,
      storageRootKey,
      hmacKey: key,
      data: uriOf(device),
    });
    const nowMs = clock.nowMs();
    const expiresAtMs = nowMs + KEY_LIFE_MS;
    const issued = { key, enrolledKey: given, storageRootKey, expiresAtMs };
    issuedKeys.add(registrationId, issued, nowMs);
    return { kind: 'challenge', authenticationKey: toBase64(blob) };
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    return refused(refusals.invalidArgument(`the TPM keys cannot be read: ${error.message}`));
  }
}

/** Second step, and status queries: the token must be signed with a key that this device was issued. */
export function attestTpm(
  device: DeviceIdentity,
  token: SasToken,
  individual: Extract<IndividualEntry, { kind: 'tpm' }>,
  { issuedKeys, clock }: AttestationContext,
): Decision {
  const { registrationId } = device;
  const live = issuedKeys.live(registrationId, clock.nowMs());
  const issued = live.find(
    // The enrollment may name another TPM by now.
    ({ key, enrolledKey }) =>
      sameBytes(enrolledKey, individual.endorsementKey) && sasSignatureMatches(token, key),
  );
  if (issued === undefined) {
    const reason = `the signature was not made with a key that ${registrationId} was issued in the last 10 minutes`;
    return refused(refusals.unauthorized(reason));
  }
  return admitted(individual, () => {
    const { enrolledKey: endorsementKey, storageRootKey } = issued;
    const hmacKey = randomBytes(KEY_BYTES);
    const blob = makeActivationBlob({ endorsementKey, storageRootKey, hmacKey, data: uriOf(device) });
    return {
      state: { tpm: { authenticationKey: toBase64(blob) } },
      authentication: sasAuthentication([hmacKey]),
    };
  });
}

/** Public values, but an early exit would not be shorter to read. */
const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b);

/** The blob's last field: no client looks at what it says, some decrypt it, so it must be there. */
const uriOf = ({ idScope, registrationId }: DeviceIdentity): Uint8Array =>
  utf8(`${idScope}/registrations/${registrationId}`);
