import { type Clock, systemClock } from '../kernel/clock.ts';
import { type Collection, entriesOf, type RecordStorage } from '../storage/collection.ts';
import { createMemoryStorage } from '../storage/memory-storage.ts';
import type { EnrollmentKind } from '../wire/constants.ts';
import type { Enrollment, EnrollmentGroup, IndividualEnrollment } from '../wire/enrollment.ts';
import { makeEtag } from '../wire/etag.ts';
import { CaCertificates } from './attestation/ca-certificates.ts';
import type { EnrollmentSummary } from './dps-control.ts';
import {
  groupEntry,
  type IndividualEntry,
  individualEntry,
  type SymmetricKeyGroup,
} from './enrollment-entry.ts';
import {
  type EnrollmentStamp,
  type GroupRecord,
  groupOfRecord,
  type IndividualRecord,
  recordOfGroup,
  type StoredGroup,
} from './enrollment-records.ts';
import { type EnrolledAuthority, GroupIndex } from './group-index.ts';
import { idKey } from './registration-id.ts';

export type StoredIndividual = IndividualEntry & { readonly stamp: EnrollmentStamp };
export type StoredEnrollment = StoredIndividual | StoredGroup;

/** Individual enrollments that are kept parsed: X.509 ones cost 50 us each time, so enough for most fleets. */
const PARSED = 50_000;

/**
 * Enrollments: individual ones in their collection, looked up one by one and parsed when they are wanted, groups in memory
 * as well. The cost of a look-up does not grow with the fleet.
 */
export class EnrollmentStore {
  readonly #storage: RecordStorage;
  readonly #individuals: Collection<IndividualRecord>;
  readonly #groups: Collection<GroupRecord>;
  readonly #parsed = new Map<string, StoredIndividual>();
  readonly #clock: Clock;
  #groupIndex = new GroupIndex();
  #generation = 0;

  /** What caReferences refer to, looked up when a group is stored. */
  readonly caCertificates: CaCertificates;

  constructor(clock: Clock = systemClock, storage: RecordStorage = createMemoryStorage()) {
    this.#clock = clock;
    this.#storage = storage;
    this.#individuals = storage.collection('individual-enrollments');
    this.#groups = storage.collection('enrollment-groups');
    this.caCertificates = new CaCertificates(storage);
    this.reload();
  }

  /** Changes whenever anything stored does: what was concluded from the store holds for one generation. */
  get generation(): number {
    return this.#generation;
  }

  list(): EnrollmentSummary[] {
    const summaries: EnrollmentSummary[] = [];
    for (const { value } of entriesOf(this.#individuals)) {
      summaries.push(summaryOf('individual', value.enrollment.registrationId, value.enrollment));
    }
    for (const { enrollmentId, enrollment } of this.#groupIndex.all()) {
      summaries.push(summaryOf('group', enrollmentId, enrollment));
    }
    return summaries;
  }

  /** Does all that `work` does to enrollments or nothing, and keeps it before it returns. */
  atomically<T>(work: () => T): T {
    try {
      return this.#storage.transaction(work);
    } catch (error) {
      this.reload(); // what was in memory may not have been stored
      throw error;
    }
  }

  /** Creates or replaces, all or nothing. @throws EnrollmentError */
  put(enrollments: readonly Enrollment[]): void {
    const puts = enrollments.map((enrollment) =>
      'registrationId' in enrollment ? this.#putIndividual(enrollment) : this.#putGroup(enrollment),
    );
    this.atomically(() => {
      for (const put of puts) put();
    });
    this.#generation += 1;
  }

  /** Removes the individual enrollment and the group of that id, when there are any. */
  remove(id: string): void {
    this.atomically(() => {
      this.removeOne('individual', id);
      this.removeOne('group', id);
    });
  }

  /** Removes one of a kind, when there is one. */
  removeOne(kind: EnrollmentKind, id: string): void {
    const key = idKey(id);
    if (kind === 'individual') {
      this.#individuals.delete(key);
      this.#parsed.delete(key);
    } else if (this.#groups.delete(key)) this.#groupIndex.remove(key);
    this.#generation += 1;
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
    const collection = kind === 'individual' ? this.#individuals : this.#groups;
    const found = collection.page(after, limit + 1); // one more tells whether it is the last
    const entries = found.slice(0, limit).flatMap(({ value: { enrollment } }) => {
      const stored =
        'registrationId' in enrollment
          ? this.individual(enrollment.registrationId)
          : this.group(enrollment.enrollmentGroupId);
      return stored === undefined ? [] : [stored];
    });
    return { entries, isLast: found.length <= limit };
  }

  clear(): void {
    this.atomically(() => {
      this.#individuals.clear();
      this.#groups.clear();
      this.caCertificates.clear();
    });
    this.reload();
  }

  /** Takes everything from storage anew. */
  reload(): void {
    this.#generation += 1;
    this.#parsed.clear();
    this.#groupIndex = new GroupIndex();
    for (const { key, value } of entriesOf(this.#groups)) this.#groupIndex.put(key, groupOfRecord(value));
    this.caCertificates.reload();
  }

  individual(registrationId: string): StoredIndividual | undefined {
    const key = idKey(registrationId);
    const parsed = this.#parsed.get(key);
    if (parsed !== undefined) return parsed;
    const record = this.#individuals.get(key);
    if (record === undefined) return undefined;
    const stored = { ...individualEntry(record.enrollment), stamp: record.stamp };
    this.#keepParsed(key, stored);
    return stored;
  }

  group(enrollmentGroupId: string): StoredGroup | undefined {
    return this.#groupIndex.get(idKey(enrollmentGroupId));
  }

  groups(): Iterable<StoredGroup> {
    return this.#groupIndex.all();
  }

  /** In the order in which they were enrolled. */
  get symmetricKeyGroups(): readonly SymmetricKeyGroup[] {
    return this.#groupIndex.symmetricKeyGroups;
  }

  /** Enrolled CAs with this subject: those that may have issued what names it as issuer. */
  authoritiesNamed(subject: string): Iterable<EnrolledAuthority> {
    return this.#groupIndex.authoritiesNamed(subject);
  }

  /** Checks at once, stores when called. */
  #putIndividual(enrollment: IndividualEnrollment): () => void {
    const entry = individualEntry(enrollment);
    const key = idKey(entry.enrollmentId);
    return () => {
      const stamp = this.#stampAfter(this.#individuals, key);
      this.#individuals.put(key, { enrollment, stamp }, stamp);
      this.#keepParsed(key, { ...entry, stamp });
    };
  }

  #putGroup(enrollment: EnrollmentGroup): () => void {
    const entry = groupEntry(enrollment, (name) => this.caCertificates.verified(name));
    const key = idKey(entry.enrollmentId);
    return () => {
      const stamp = this.#stampAfter(this.#groups, key);
      this.#groups.put(key, recordOfGroup(entry, enrollment, stamp), stamp);
      this.#groupIndex.put(key, { ...entry, stamp });
    };
  }

  #stampAfter(
    collection: Collection<IndividualRecord> | Collection<GroupRecord>,
    key: string,
  ): EnrollmentStamp {
    const nowMs = this.#clock.nowMs();
    const before = collection.get(key)?.stamp;
    const { createdAtMs, sequence } = before ?? { createdAtMs: nowMs, sequence: collection.nextSequence };
    return { etag: makeEtag(), createdAtMs, updatedAtMs: nowMs, sequence };
  }

  #keepParsed(key: string, stored: StoredIndividual): void {
    this.#parsed.delete(key);
    this.#parsed.set(key, stored); // now the newest
    if (this.#parsed.size <= PARSED) return;
    const [oldest] = this.#parsed.keys();
    if (oldest !== undefined) this.#parsed.delete(oldest);
  }
}

const attestationNames = { symmetricKey: 'symmetric-key', x509: 'x509', tpm: 'tpm' } as const;

const summaryOf = (
  kind: EnrollmentKind,
  id: string,
  { attestation, provisioningStatus = 'enabled' }: Enrollment,
): EnrollmentSummary => ({ id, kind, attestation: attestationNames[attestation.type], provisioningStatus });
