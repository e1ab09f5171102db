import { randomBytes, timingSafeEqual } from 'node:crypto';
import { fromBase64, toBase64, utf8 } from '../../kernel/bytes.ts';
import { CodecError } from '../../kernel/errors.ts';
import { makeActivationBlob } from '../../tpm/credential.ts';
import type { DeviceRegistration } from '../../wire/device-api.ts';
import { type SasToken, sasSignatureMatches } from '../../wire/sas-token.ts';
import type { IndividualEntry } from '../enrollment-store.ts';
import { refusals } from '../refusal.ts';
import type { DeviceRequest } from '../registration-service.ts';
import { type Decision, refused } from './admission.ts';
import type { AttestationContext } from './attest.ts';

interface IssuedKey {
  readonly key: Uint8Array;
  readonly endorsementKey: Uint8Array;
  readonly storageRootKey: Uint8Array;
  readonly expiresAtMs: number;
}

const KEY_LIFE_MS = 10 * 60_000;
const KEYS_KEPT = 2;

/** The registration keys that went out in challenges: the token that follows must be signed with one of them. */
export class IssuedKeys {
  readonly #byDevice = new Map<string, readonly IssuedKey[]>();

  add(registrationId: string, key: IssuedKey): void {
    const id = registrationId.toLowerCase();
    this.#byDevice.set(id, [key, ...(this.#byDevice.get(id) ?? [])].slice(0, KEYS_KEPT));
  }

  live(registrationId: string, nowMs: number): readonly IssuedKey[] {
    return (this.#byDevice.get(registrationId.toLowerCase()) ?? []).filter(
      ({ expiresAtMs }) => expiresAtMs > nowMs,
    );
  }

  clear(): void {
    this.#byDevice.clear();
  }
}

/** First step: EK against the enrollment, then a key that only the TPM with that EK and SRK can unwrap. */
export async function challengeTpm(
  { idScope, registrationId }: DeviceRequest,
  presented: NonNullable<DeviceRegistration['tpm']>,
  individual: IndividualEntry | undefined,
  { issuedKeys, clock }: AttestationContext,
): Promise<Decision> {
  if (individual === undefined)
    return refused(refusals.enrollmentNotFound(`${registrationId} has no individual enrollment`));
  if (individual.enrollment.provisioningStatus !== 'disabled' && individual.kind !== 'tpm') {
    return refused(
      refusals.notAuthorizedHere(
        `${registrationId} is enrolled by ${individual.kind}, TPM keys were presented`,
      ),
    );
  }
  if (individual.kind !== 'tpm') return refused(refusals.notAuthorizedHere(`${registrationId} is disabled`));
  try {
    const endorsementKey = fromBase64(presented.endorsementKey);
    if (
      endorsementKey.length !== individual.endorsementKey.length ||
      !timingSafeEqual(endorsementKey, individual.endorsementKey)
    ) {
      return refused(
        refusals.notAuthorizedHere(`the EK presented is not the one enrolled for ${registrationId}`),
      );
    }
    if (presented.storageRootKey === undefined) {
      return refused(refusals.invalidArgument('tpm.storageRootKey is missing'));
    }
    const storageRootKey = fromBase64(presented.storageRootKey);
    const key = randomBytes(32);
    const blob = makeActivationBlob({
      endorsementKey,
      storageRootKey,
      hmacKey: key,
      data: utf8(`${idScope}/registrations/${registrationId}`),
    });
    issuedKeys.add(registrationId, {
      key,
      endorsementKey,
      storageRootKey,
      expiresAtMs: clock.nowMs() + KEY_LIFE_MS,
    });
    return await Promise.resolve({ kind: 'challenge', authenticationKey: toBase64(blob) });
  } catch (error) {
    if (error instanceof CodecError)
      return refused(refusals.invalidArgument(`the TPM keys cannot be read: ${error.message}`));
    throw error;
  }
}

/** Second step, and status queries: the token must be signed with a key that this device was issued. */
export function attestTpm(
  { idScope, registrationId }: DeviceRequest,
  token: SasToken,
  individual: IndividualEntry & { readonly kind: 'tpm' },
  { issuedKeys, clock }: AttestationContext,
): Decision {
  const issued = issuedKeys
    .live(registrationId, clock.nowMs())
    .find(({ key }) => sasSignatureMatches(token, key));
  if (issued === undefined) {
    return refused(
      refusals.unauthorized(
        `the signature was not made with a key that ${registrationId} was issued in the last 10 minutes`,
      ),
    );
  }
  return {
    ...individual.admission,
    stateMember: () => {
      const hubKey = randomBytes(32);
      const blob = makeActivationBlob({ ...issued, hmacKey: hubKey, data: utf8(idScope) });
      return { tpm: { authenticationKey: toBase64(blob) } };
    },
  };
}
