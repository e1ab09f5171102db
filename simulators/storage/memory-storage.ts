import type { Collection, Entry, Place, RecordStorage } from './collection.ts';
import { SequenceList, type Slot } from './sequence-list.ts';

/** Storage that ends with the process. */
export function createMemoryStorage(): RecordStorage {
  const collections = new Map<string, MemoryCollection<unknown>>();
  return {
    collection: <T>(name: string): Collection<T> => {
      const known = collections.get(name) ?? new MemoryCollection<unknown>();
      collections.set(name, known);
      return known as MemoryCollection<T>;
    },
    transaction: (work) => work(),
    [Symbol.dispose]: () => collections.clear(),
  };
}

interface MemorySlot<T> extends Slot, Place {
  readonly key: string;
  value: T;
}

class MemoryCollection<T> implements Collection<T> {
  readonly #byKey = new Map<string, MemorySlot<T>>();
  readonly #byOwner = new Map<string, SequenceList<MemorySlot<T>>>();
  #all = new SequenceList<MemorySlot<T>>();
  #nextSequence = 1;

  get nextSequence(): number {
    return this.#nextSequence;
  }

  get(key: string): T | undefined {
    return this.#byKey.get(key)?.value;
  }

  put(key: string, value: T, { sequence, owner }: Place): void {
    const before = this.#byKey.get(key);
    if (before !== undefined && before.sequence === sequence && before.owner === owner) {
      before.value = value;
      return;
    }
    if (before !== undefined) this.#remove(before);
    const slot = { key, value, sequence, isGone: false, ...(owner === undefined ? {} : { owner }) };
    this.#byKey.set(key, slot);
    this.#all.add(slot);
    this.#nextSequence = Math.max(this.#nextSequence, sequence + 1);
    if (owner === undefined) return;
    const owned = this.#byOwner.get(owner) ?? new SequenceList();
    this.#byOwner.set(owner, owned);
    owned.add(slot);
  }

  delete(key: string): boolean {
    const slot = this.#byKey.get(key);
    if (slot === undefined) return false;
    this.#byKey.delete(key);
    this.#remove(slot);
    return true;
  }

  page(after: number, limit: number, owner?: string): readonly Entry<T>[] {
    const list = owner === undefined ? this.#all : this.#byOwner.get(owner);
    return list?.page(after, limit) ?? [];
  }

  clear(): void {
    this.#byKey.clear();
    this.#byOwner.clear();
    this.#all = new SequenceList();
  }

  #remove(slot: MemorySlot<T>): void {
    slot.isGone = true;
    this.#all.forget();
    if (slot.owner === undefined) return;
    const owned = this.#byOwner.get(slot.owner);
    owned?.forget();
    if (owned?.isEmpty) this.#byOwner.delete(slot.owner);
  }
}
