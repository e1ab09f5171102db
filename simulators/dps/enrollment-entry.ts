import { fromBase64 } from '../kernel/bytes.ts';
import { toError } from '../kernel/errors.ts';
import { type Authority, readAuthority } from '../pki/certificate-chain.ts';
import { parseStorageKey } from '../tpm/credential.ts';
import type {
  Enrollment,
  EnrollmentGroup,
  IndividualEnrollment,
  PrimarySecondary,
  X509CertificateEntry,
} from '../wire/enrollment.ts';
import { parseEnrolledCertificate, thumbprintOf } from './attestation/enrolled-certificate.ts';
import { EnrollmentError } from './enrollment-error.ts';
import { isRegistrationId } from './registration-id.ts';

/** An enrollment as look-ups want it: keys decoded and certificates parsed once, when it is stored. */
interface EntryCommon {
  readonly enrollment: Enrollment;
  readonly enrollmentId: string;
}

export type IndividualEntry = EntryCommon & { readonly enrollment: IndividualEnrollment } & (
    | { readonly kind: 'symmetric-key'; readonly keys: readonly Uint8Array[] }
    | { readonly kind: 'x509'; readonly thumbprints: readonly string[] }
    /** EK: TPM2B_PUBLIC with its size field. */
    | { readonly kind: 'tpm'; readonly endorsementKey: Uint8Array }
  );

export type SymmetricKeyGroup = EntryCommon & {
  readonly kind: 'symmetric-key';
  readonly keys: readonly Uint8Array[];
};
export type X509Group = EntryCommon & { readonly kind: 'x509'; readonly authorities: readonly Authority[] };

export const isDisabled = ({ enrollment }: EntryCommon): boolean =>
  enrollment.provisioningStatus === 'disabled';

/** @throws EnrollmentError */
export function individualEntry(enrollment: IndividualEnrollment): IndividualEntry {
  const { registrationId: id, attestation } = enrollment;
  if (!isRegistrationId(id)) throw malformedId(id, 'registrationId');
  const common = { enrollment, enrollmentId: id };
  switch (attestation.type) {
    case 'symmetricKey':
      return { ...common, kind: 'symmetric-key', keys: symmetricKeys(id, attestation.symmetricKey) };
    case 'x509': {
      const certificates = parseCertificates(id, 'clientCertificates', attestation.x509.clientCertificates);
      return { ...common, kind: 'x509', thumbprints: certificates.map(({ value }) => thumbprintOf(value)) };
    }
    case 'tpm': {
      const key = 'attestation.tpm.endorsementKey';
      const endorsementKey = decode(id, key, attestation.tpm.endorsementKey);
      try {
        parseStorageKey(endorsementKey);
      } catch (cause) {
        throw new EnrollmentError(id, key, `not an endorsement key: ${toError(cause).message}`, cause);
      }
      return { ...common, kind: 'tpm', endorsementKey };
    }
  }
}

/** @throws EnrollmentError */
export function groupEntry(
  enrollment: EnrollmentGroup,
  verifiedCa: (name: string) => Authority | undefined,
): SymmetricKeyGroup | X509Group {
  const { enrollmentGroupId: id, attestation } = enrollment;
  if (!isRegistrationId(id)) throw malformedId(id, 'enrollmentGroupId');
  const common = { enrollment, enrollmentId: id };
  switch (attestation.type) {
    case 'symmetricKey':
      return { ...common, kind: 'symmetric-key', keys: symmetricKeys(id, attestation.symmetricKey) };
    case 'x509': {
      const { caReferences, signingCertificates } = attestation.x509;
      if (caReferences !== undefined) {
        return { ...common, kind: 'x509', authorities: referredAuthorities(id, caReferences, verifiedCa) };
      }
      const certificates = parseCertificates(id, 'signingCertificates', signingCertificates);
      return { ...common, kind: 'x509', authorities: certificates.map((given) => authority(id, given)) };
    }
    case 'tpm':
      throw new EnrollmentError(id, 'attestation.type', 'DPS has no enrollment group for TPM attestation');
  }
}

function referredAuthorities(
  id: string,
  references: PrimarySecondary<string>,
  verifiedCa: (name: string) => Authority | undefined,
): Authority[] {
  const names = [references.primary, references.secondary].filter((name) => name !== undefined);
  const key = 'attestation.x509.caReferences';
  if (names.length === 0) throw new EnrollmentError(id, key, 'expected primary or secondary');
  return names.map((name) => {
    const found = verifiedCa(name);
    if (found === undefined)
      throw new EnrollmentError(id, key, `there is no verified CA certificate ${name}`);
    return found;
  });
}

function authority(id: string, { key, value }: ReturnType<typeof parseCertificates>[number]): Authority {
  if (!value.ca) {
    throw new EnrollmentError(id, key, 'not the certificate of a CA (basicConstraints, RFC 5280 §4.2.1.9)');
  }
  return readAuthority(value);
}

const malformedId = (id: string, key: string): EnrollmentError =>
  new EnrollmentError(id, key, 'expected 1 to 128 of A-Z a-z 0-9 - . _ :, ended by a letter, a digit or -');

function symmetricKeys(
  id: string,
  keys: { readonly primaryKey?: string; readonly secondaryKey?: string } | undefined,
): Uint8Array[] {
  const given = (['primaryKey', 'secondaryKey'] as const).flatMap((name) => {
    const text = keys?.[name];
    if (text === undefined) return [];
    const key = `attestation.symmetricKey.${name}`;
    const bytes = decode(id, key, text);
    if (bytes.length < 16 || bytes.length > 64) {
      throw new EnrollmentError(id, key, `expected 16 to 64 bytes, not ${bytes.length}`);
    }
    return [bytes];
  });
  if (given.length === 0) {
    throw new EnrollmentError(id, 'attestation.symmetricKey', 'expected primaryKey or secondaryKey');
  }
  return given;
}

function parseCertificates(
  id: string,
  member: string,
  entries: PrimarySecondary<X509CertificateEntry> | undefined,
) {
  const given = (['primary', 'secondary'] as const).flatMap((name) => {
    const entry = entries?.[name];
    if (entry === undefined) return [];
    const key = `attestation.x509.${member}.${name}.certificate`;
    try {
      return [{ key, value: parseEnrolledCertificate(entry.certificate) }];
    } catch (cause) {
      throw new EnrollmentError(id, key, `not a certificate: ${toError(cause).message}`, cause);
    }
  });
  if (given.length === 0) {
    throw new EnrollmentError(id, `attestation.x509.${member}`, 'expected primary or secondary');
  }
  return given;
}

function decode(id: string, key: string, text: string): Uint8Array {
  try {
    return fromBase64(text);
  } catch (cause) {
    throw new EnrollmentError(id, key, toError(cause).message, cause);
  }
}
