import type { Authority } from '../pki/certificate-chain.ts';
import type { SymmetricKeyGroup, X509Group } from './enrollment-entry.ts';
import type { StoredGroup } from './enrollment-records.ts';

/** One enrolled CA certificate of a group. */
export interface EnrolledAuthority {
  readonly group: X509Group;
  readonly authority: Authority;
}

/** Groups as the attestations look for them: few, so that all are in memory. An updated one goes behind the others. */
export class GroupIndex {
  readonly #byKey = new Map<string, StoredGroup>();
  /** Enrolled CAs by their subject, as node:crypto prints it. */
  readonly #bySubject = new Map<string, Set<EnrolledAuthority>>();
  #symmetricKeyGroups: readonly SymmetricKeyGroup[] | undefined;

  get(key: string): StoredGroup | undefined {
    return this.#byKey.get(key);
  }

  all(): Iterable<StoredGroup> {
    return this.#byKey.values();
  }

  get symmetricKeyGroups(): readonly SymmetricKeyGroup[] {
    this.#symmetricKeyGroups ??= [...this.#byKey.values()].filter((group) => group.kind === 'symmetric-key');
    return this.#symmetricKeyGroups;
  }

  authoritiesNamed(subject: string): Iterable<EnrolledAuthority> {
    return this.#bySubject.get(subject) ?? [];
  }

  put(key: string, group: StoredGroup): void {
    this.remove(key);
    this.#byKey.set(key, group);
    if (group.kind === 'symmetric-key') return;
    for (const authority of group.authorities) {
      const { subject } = authority.certificate;
      const same = this.#bySubject.get(subject) ?? new Set();
      this.#bySubject.set(subject, same.add({ group, authority }));
    }
  }

  remove(key: string): void {
    const group = this.#byKey.get(key);
    this.#byKey.delete(key);
    this.#symmetricKeyGroups = undefined;
    if (group === undefined || group.kind === 'symmetric-key') return;
    for (const { certificate } of group.authorities) {
      const same = this.#bySubject.get(certificate.subject);
      for (const enrolled of same ?? []) if (enrolled.group === group) same?.delete(enrolled);
      if (same?.size === 0) this.#bySubject.delete(certificate.subject);
    }
  }
}
