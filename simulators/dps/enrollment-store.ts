import { type Clock, systemClock } from '../kernel/clock.ts';
import type { EnrollmentKind } from '../wire/constants.ts';
import type { Enrollment } from '../wire/enrollment.ts';
import { makeEtag } from '../wire/etag.ts';
import { CaCertificates } from './attestation/ca-certificates.ts';
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

/** When an enrollment was stored, and as which version. */
export interface EnrollmentStamp {
  /** Changes with every update. */
  readonly etag: string;
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
  /** Grows from one enrollment to the next and stays with updates: pages go by it. */
  readonly sequence: number;
}
type Stamped<T> = T & { readonly stamp: EnrollmentStamp };
export type StoredEnrollment = Stamped<IndividualEntry> | Stamped<SymmetricKeyGroup> | Stamped<X509Group>;
type StoredGroup = Stamped<SymmetricKeyGroup> | Stamped<X509Group>;

/** Enrollments in memory; every look-up is by hash, so that its cost does not grow with the fleet. */
export class EnrollmentStore {
  readonly #individuals = new Map<string, Stamped<IndividualEntry>>();
  readonly #groups = new Map<string, StoredGroup>();
  /** Enrolled CAs by their subject, as node:crypto prints it. */
  readonly #bySubject = new Map<string, Set<EnrolledAuthority>>();
  #symmetricKeyGroups: readonly SymmetricKeyGroup[] = [];
  #generation = 0;
  #sequence = 0;
  readonly #clock: Clock;

  /** What caReferences refer to, looked up when a group is stored. */
  readonly caCertificates = new CaCertificates();

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
  }

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
        : {
            level: 'group' as const,
            entry: groupEntry(enrollment, (name) => this.caCertificates.verified(name)),
          },
    );
    for (const { level, entry } of entries) {
      if (level === 'group') {
        this.#putGroup({ ...entry, stamp: this.#stampAfter(this.group(entry.enrollmentId)) });
        continue;
      }
      const stamp = this.#stampAfter(this.individual(entry.enrollmentId));
      this.#individuals.set(idKey(entry.enrollmentId), { ...entry, stamp });
    }
    this.#changed();
  }

  /** Removes the individual enrollment and the group of that id, when there are any. */
  remove(id: string): void {
    this.#individuals.delete(idKey(id));
    this.#removeGroup(id);
    this.#changed();
  }

  /** Removes one of a kind, when there is one. */
  removeOne(kind: EnrollmentKind, id: string): void {
    if (kind === 'individual') this.#individuals.delete(idKey(id));
    else this.#removeGroup(id);
    this.#changed();
  }

  /**
   * Enrollments of a kind in the order in which they were created.
   *
   * @param after sequence of the last one of the page before; 0 begins
   */
  page(
    kind: EnrollmentKind,
    after: number,
    limit: number,
  ): { readonly entries: readonly StoredEnrollment[]; readonly isLast: boolean } {
    const entries: StoredEnrollment[] = [];
    // An updated group goes behind the others, an updated individual enrollment keeps its place.
    const all: Iterable<StoredEnrollment> =
      kind === 'individual'
        ? this.#individuals.values()
        : [...this.#groups.values()].sort((a, b) => a.stamp.sequence - b.stamp.sequence);
    for (const entry of all) {
      if (entry.stamp.sequence <= after) continue;
      if (entries.length === limit) return { entries, isLast: false };
      entries.push(entry);
    }
    return { entries, isLast: true };
  }

  clear(): void {
    for (const map of [this.#individuals, this.#groups, this.#bySubject, this.caCertificates]) map.clear();
    this.#changed();
  }

  individual(registrationId: string): Stamped<IndividualEntry> | undefined {
    return this.#individuals.get(idKey(registrationId));
  }

  group(enrollmentGroupId: string): StoredGroup | undefined {
    return this.#groups.get(idKey(enrollmentGroupId));
  }

  /** In the order in which they were enrolled. */
  get symmetricKeyGroups(): readonly SymmetricKeyGroup[] {
    return this.#symmetricKeyGroups;
  }

  /** Enrolled CAs with this subject: those that may have issued what names it as issuer. */
  authoritiesNamed(subject: string): Iterable<EnrolledAuthority> {
    return this.#bySubject.get(subject) ?? [];
  }

  #stampAfter(before: StoredEnrollment | undefined): EnrollmentStamp {
    const nowMs = this.#clock.nowMs();
    if (before === undefined) this.#sequence += 1;
    const { createdAtMs, sequence } = before?.stamp ?? { createdAtMs: nowMs, sequence: this.#sequence };
    return { etag: makeEtag(), createdAtMs, updatedAtMs: nowMs, sequence };
  }

  #putGroup(group: StoredGroup): void {
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
