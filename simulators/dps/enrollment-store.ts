import type { X509Certificate } from 'node:crypto';
import { fromBase64 } from '../kernel/bytes.ts';
import { toError } from '../kernel/errors.ts';
import type {
  Enrollment,
  EnrollmentGroup,
  IndividualEnrollment,
  PrimarySecondary,
  X509CertificateEntry,
} from '../wire/enrollment.ts';
import type { Admission } from './attestation/admission.ts';
import { parseEnrolledCertificate, thumbprintOf } from './attestation/certificate-chain.ts';

/** An enrollment as look-ups want it: keys decoded and certificates parsed once, when it is stored. */
interface EntryCommon {
  readonly enrollment: Enrollment;
  readonly enrollmentId: string;
}

interface IndividualCommon extends EntryCommon {
  readonly admission: Omit<Admission, 'stateMember'>;
}

export type IndividualEntry =
  | (IndividualCommon & { readonly kind: 'symmetric-key'; readonly keys: readonly Uint8Array[] })
  | (IndividualCommon & { readonly kind: 'x509'; readonly thumbprints: readonly string[] })
  | (IndividualCommon & { readonly kind: 'tpm'; readonly endorsementKey: Uint8Array });

interface SymmetricKeyGroup extends EntryCommon {
  readonly keys: readonly Uint8Array[];
}

export interface X509Group {
  readonly group: EntryCommon;
  readonly certificate: X509Certificate;
}

/** An enrollment that cannot be stored. `key` is the dotted path of what is wrong. */
export class EnrollmentProblem extends Error {
  readonly key: string;

  constructor(enrollmentId: string, key: string, message: string) {
    super(`enrollment ${enrollmentId}: ${key}: ${message}`);
    this.key = key;
  }
}

const idPattern = /^[A-Za-z0-9\-._:]{0,127}[A-Za-z0-9-]$/;

/** Enrollments in memory; every look-up is by hash, so that its cost does not grow with the fleet. */
export class EnrollmentStore {
  readonly #individuals = new Map<string, IndividualEntry>();
  readonly #symmetricKeyGroups = new Map<string, SymmetricKeyGroup>();
  readonly #x509Groups = new Map<string, readonly X509Group[]>();
  /** The same groups by the subject of their CA, as node:crypto prints it. */
  readonly #bySubject = new Map<string, X509Group[]>();

  get size(): number {
    return this.#individuals.size + this.#symmetricKeyGroups.size + this.#x509Groups.size;
  }

  /** Creates or replaces, all or nothing. @throws EnrollmentProblem */
  put(enrollments: readonly Enrollment[]): void {
    for (const store of enrollments.map((enrollment) => this.#prepare(enrollment))) store();
  }

  remove(id: string): void {
    const key = id.toLowerCase();
    this.#individuals.delete(key);
    this.#symmetricKeyGroups.delete(key);
    this.#removeX509Group(key);
  }

  clear(): void {
    for (const map of [this.#individuals, this.#symmetricKeyGroups, this.#x509Groups, this.#bySubject])
      map.clear();
  }

  individual(registrationId: string): IndividualEntry | undefined {
    return this.#individuals.get(registrationId.toLowerCase());
  }

  symmetricKeyGroups(): Iterable<SymmetricKeyGroup> {
    return this.#symmetricKeyGroups.values();
  }

  /** Groups whose CA has this subject. */
  groupsIssuing(issuer: string): readonly X509Group[] {
    return this.#bySubject.get(issuer) ?? [];
  }

  #prepare(enrollment: Enrollment): () => void {
    const id = 'registrationId' in enrollment ? enrollment.registrationId : enrollment.enrollmentGroupId;
    if (!idPattern.test(id)) {
      const key = 'registrationId' in enrollment ? 'registrationId' : 'enrollmentGroupId';
      throw new EnrollmentProblem(
        id,
        key,
        'expected 1 to 128 of A-Z a-z 0-9 - . _ :, ended by a letter, a digit or -',
      );
    }
    if ('registrationId' in enrollment) {
      const entry = individualEntry(enrollment);
      return () => this.#individuals.set(id.toLowerCase(), entry);
    }
    return this.#prepareGroup(enrollment);
  }

  #prepareGroup(enrollment: EnrollmentGroup): () => void {
    const { attestation, enrollmentGroupId } = enrollment;
    const id = enrollmentGroupId.toLowerCase();
    const group = { enrollment, enrollmentId: enrollmentGroupId };
    switch (attestation.type) {
      case 'tpm':
        throw new EnrollmentProblem(
          enrollmentGroupId,
          'attestation.type',
          'DPS has no enrollment group for TPM attestation',
        );
      case 'symmetricKey': {
        const keys = symmetricKeys(enrollmentGroupId, attestation.symmetricKey);
        return () => {
          this.remove(id);
          this.#symmetricKeyGroups.set(id, { ...group, keys });
        };
      }
      case 'x509': {
        const certificates = parseCertificates(
          enrollmentGroupId,
          'signingCertificates',
          attestation.x509.signingCertificates,
        );
        const groups = certificates.map((certificate) => ({ group, certificate }));
        return () => {
          this.remove(id);
          this.#x509Groups.set(id, groups);
          for (const entry of groups) {
            const { subject } = entry.certificate;
            this.#bySubject.set(subject, [...(this.#bySubject.get(subject) ?? []), entry]);
          }
        };
      }
    }
  }

  #removeX509Group(id: string): void {
    for (const entry of this.#x509Groups.get(id) ?? []) {
      const { subject } = entry.certificate;
      this.#bySubject.set(
        subject,
        (this.#bySubject.get(subject) ?? []).filter((other) => other !== entry),
      );
    }
    this.#x509Groups.delete(id);
  }
}

function individualEntry(enrollment: IndividualEnrollment): IndividualEntry {
  const { registrationId: id, attestation } = enrollment;
  const common = {
    enrollment,
    enrollmentId: id,
    admission: {
      kind: 'admitted' as const,
      enrollment,
      enrollmentId: id,
      deviceId: enrollment.deviceId ?? id,
    },
  };
  switch (attestation.type) {
    case 'symmetricKey':
      return { ...common, kind: 'symmetric-key', keys: symmetricKeys(id, attestation.symmetricKey) };
    case 'x509': {
      const certificates = parseCertificates(id, 'clientCertificates', attestation.x509.clientCertificates);
      return { ...common, kind: 'x509', thumbprints: certificates.map(thumbprintOf) };
    }
    case 'tpm':
      return {
        ...common,
        kind: 'tpm',
        endorsementKey: decode(id, 'attestation.tpm.endorsementKey', attestation.tpm.endorsementKey),
      };
  }
}

function symmetricKeys(
  id: string,
  keys: { readonly primaryKey?: string; readonly secondaryKey?: string } | undefined,
): Uint8Array[] {
  const decoded = [keys?.primaryKey, keys?.secondaryKey]
    .filter((key) => key !== undefined)
    .map((key) => decode(id, 'attestation.symmetricKey', key));
  if (decoded.length === 0)
    throw new EnrollmentProblem(id, 'attestation.symmetricKey', 'expected primaryKey or secondaryKey');
  if (decoded.some(({ length }) => length < 16 || length > 64)) {
    throw new EnrollmentProblem(id, 'attestation.symmetricKey', 'expected keys of 16 to 64 bytes');
  }
  return decoded;
}

function parseCertificates(
  id: string,
  member: string,
  entries: PrimarySecondary<X509CertificateEntry> | undefined,
): X509Certificate[] {
  const given = [entries?.primary, entries?.secondary].filter((entry) => entry !== undefined);
  if (given.length === 0)
    throw new EnrollmentProblem(id, `attestation.x509.${member}`, 'expected primary or secondary');
  return given.map(({ certificate }) => {
    try {
      return parseEnrolledCertificate(certificate);
    } catch (error) {
      throw new EnrollmentProblem(
        id,
        `attestation.x509.${member}`,
        `not a certificate: ${toError(error).message}`,
      );
    }
  });
}

function decode(id: string, key: string, text: string): Uint8Array {
  try {
    return fromBase64(text);
  } catch (error) {
    throw new EnrollmentProblem(id, key, toError(error).message);
  }
}
