import type { Enrollment } from '../wire/enrollment.ts';
import type { Authority } from './attestation/certificate-chain.ts';
import type { EnrollmentSummary } from './dps-control.ts';
import {
  groupEntry,
  type IndividualEntry,
  individualEntry,
  type SymmetricKeyGroup,
  type X509Group,
} from './enrollment-entry.ts';
import { idKey } from './registration-id.ts';

/** One enrolled CA certificate of a group. */
export interface EnrolledAuthority {
  readonly group: X509Group;
  readonly authority: Authority;
}

/** Enrollments in memory; every look-up is by hash, so that its cost does not grow with the fleet. */
export class EnrollmentStore {
  readonly #individuals = new Map<string, IndividualEntry>();
  readonly #groups = new Map<string, SymmetricKeyGroup | X509Group>();
  /** Enrolled CAs by their subject, as node:crypto prints it. */
  readonly #bySubject = new Map<string, Set<EnrolledAuthority>>();
  #symmetricKeyGroups: readonly SymmetricKeyGroup[] = [];
  #generation = 0;

  /** Changes whenever anything stored does: what was concluded from the store holds for one generation. */
  get generation(): number {
    return this.#generation;
  }

  list(): EnrollmentSummary[] {
    const summary =
      (kind: EnrollmentSummary['kind']) =>
      ({
        enrollmentId: id,
        kind: attestation,
        enrollment,
      }: IndividualEntry | SymmetricKeyGroup | X509Group) => ({
        id,
        kind,
        attestation,
        provisioningStatus: enrollment.provisioningStatus ?? 'enabled',
      });
    return [
      ...[...this.#individuals.values()].map(summary('individual')),
      ...[...this.#groups.values()].map(summary('group')),
    ];
  }

  /** Creates or replaces, all or nothing. @throws EnrollmentError */
  put(enrollments: readonly Enrollment[]): void {
    const entries = enrollments.map((enrollment) =>
      'registrationId' in enrollment
        ? { level: 'individual' as const, entry: individualEntry(enrollment) }
        : { level: 'group' as const, entry: groupEntry(enrollment) },
    );
    for (const { level, entry } of entries) {
      if (level === 'individual') this.#individuals.set(idKey(entry.enrollmentId), entry);
      else this.#putGroup(entry);
    }
    this.#changed();
  }

  /** Removes the individual enrollment and the group of that id, when there are any. */
  remove(id: string): void {
    this.#individuals.delete(idKey(id));
    this.#removeGroup(id);
    this.#changed();
  }

  clear(): void {
    for (const map of [this.#individuals, this.#groups, this.#bySubject]) map.clear();
    this.#changed();
  }

  individual(registrationId: string): IndividualEntry | undefined {
    return this.#individuals.get(idKey(registrationId));
  }

  /** In the order in which they were enrolled. */
  get symmetricKeyGroups(): readonly SymmetricKeyGroup[] {
    return this.#symmetricKeyGroups;
  }

  /** Enrolled CAs with this subject: those that may have issued what names it as issuer. */
  authoritiesNamed(subject: string): Iterable<EnrolledAuthority> {
    return this.#bySubject.get(subject) ?? [];
  }

  #putGroup(group: SymmetricKeyGroup | X509Group): void {
    this.#removeGroup(group.enrollmentId);
    this.#groups.set(idKey(group.enrollmentId), group);
    if (group.kind === 'symmetric-key') return;
    for (const authority of group.authorities) {
      const { subject } = authority.certificate;
      const same = this.#bySubject.get(subject) ?? new Set();
      this.#bySubject.set(subject, same.add({ group, authority }));
    }
  }

  #removeGroup(id: string): void {
    const group = this.#groups.get(idKey(id));
    if (group === undefined) return;
    this.#groups.delete(idKey(id));
    if (group.kind === 'symmetric-key') return;
    for (const { certificate } of group.authorities) {
      const same = this.#bySubject.get(certificate.subject);
      for (const enrolled of same ?? []) if (enrolled.group === group) same?.delete(enrolled);
      if (same?.size === 0) this.#bySubject.delete(certificate.subject);
    }
  }

  #changed(): void {
    this.#generation += 1;
    this.#symmetricKeyGroups = [...this.#groups.values()].filter((group) => group.kind === 'symmetric-key');
  }
}
