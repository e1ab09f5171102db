/** One record of a collection. */
export interface Entry<T> {
  readonly key: string;
  /** Its place among the others: pages go by it. It stays when the record is replaced with the same. */
  readonly sequence: number;
  readonly value: T;
}

/** Where a record stands in its collection. */
export interface Place {
  readonly sequence: number;
  /** Whom the record belongs to, for {@link Collection.page}; e.g. the enrollment of a registration. */
  readonly owner?: string;
}

/**
 * Records by key, in an order. Records are plain JSON data and must not be changed once they are put; a member that is
 * `undefined` is one that is absent. A look-up costs the same whatever the size, a page costs its own length.
 */
export interface Collection<T> {
  /** A place behind all others. */
  readonly nextSequence: number;
  get(key: string): T | undefined;
  /** Creates or replaces. */
  put(key: string, value: T, place: Place): void;
  delete(key: string): boolean;
  /**
   * Records in the order of their places.
   *
   * @param after place of the last one of the page before; 0 begins
   * @param owner only the records of this one
   */
  page(after: number, limit: number, owner?: string): readonly Entry<T>[];
  clear(): void;
}

/** Named collections that change together. */
export interface RecordStorage extends Disposable {
  /** The collection of that name, made if there is none: lower-case letters and hyphens. */
  collection<T>(name: string): Collection<T>;
  /**
   * Does all that `work` does or nothing: what it changed is kept, also through a crash, once this has returned. One in
   * another is a part of that one. Memory has no crash to survive, and rolls nothing back.
   */
  transaction<T>(work: () => T): T;
}

const CHUNK = 1000;

/** All records of a collection, or of one owner in it, in order; it may be changed meanwhile. */
export function* entriesOf<T>(collection: Collection<T>, owner?: string): Generator<Entry<T>> {
  for (let after = 0; ; ) {
    const page = collection.page(after, CHUNK, owner);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < CHUNK) return;
    after = last.sequence;
  }
}
