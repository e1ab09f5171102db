import { fromBase64, toBase64 } from '../../kernel/bytes.ts';
import { type Collection, entriesOf, type RecordStorage } from '../../storage/collection.ts';
import { createMemoryStorage } from '../../storage/memory-storage.ts';
import { idKey } from '../registration-id.ts';

/** A registration key that went out in a challenge, and for which TPM. */
export interface IssuedKey {
  readonly key: Uint8Array;
  /** As it was enrolled then: TPM2B_PUBLIC with its size field. */
  readonly enrolledKey: Uint8Array;
  /** As the device presented it: TPM2B_PUBLIC with its size field. */
  readonly storageRootKey: Uint8Array;
  readonly expiresAtMs: number;
}

/** The keys of one device as they are kept, newest first; byte strings are base64. */
export interface IssuedKeysRecord {
  readonly registrationId: string;
  readonly keys: readonly {
    readonly key: string;
    readonly enrolledKey: string;
    readonly storageRootKey: string;
    readonly expiresAtMs: number;
  }[];
}

/** Two, as a client that retries the first step may answer to either challenge. */
const KEPT_PER_DEVICE = 2;

/** The keys that went out in challenges: the token that follows must be signed with one of them. */
export class IssuedKeys {
  readonly #byDevice: Collection<IssuedKeysRecord>;

  constructor(storage: RecordStorage = createMemoryStorage()) {
    this.#byDevice = storage.collection('issued-keys');
  }

  /** Newest first. */
  add(registrationId: string, issued: IssuedKey, nowMs: number): void {
    const id = idKey(registrationId);
    const keys = [recordOf(issued), ...(this.#byDevice.get(id)?.keys ?? [])].slice(0, KEPT_PER_DEVICE);
    // Goes to the end: the collection stays in the order of issue.
    this.#byDevice.put(id, { registrationId, keys }, { sequence: this.#byDevice.nextSequence });
    this.#dropExpired(nowMs);
  }

  live(registrationId: string, nowMs: number): readonly IssuedKey[] {
    const issued = this.#byDevice.get(idKey(registrationId))?.keys ?? [];
    return issued.filter(({ expiresAtMs }) => expiresAtMs > nowMs).map(keyOf);
  }

  get size(): number {
    return [...entriesOf(this.#byDevice)].length;
  }

  clear(): void {
    this.#byDevice.clear();
  }

  /** Two at most each time, so that nobody waits for a whole fleet's; as one comes at a time, none are left for long. */
  #dropExpired(nowMs: number): void {
    for (const { key, value } of this.#byDevice.page(0, 2)) {
      const [newest] = value.keys;
      if (newest !== undefined && newest.expiresAtMs > nowMs) return;
      this.#byDevice.delete(key);
    }
  }
}

const recordOf = ({ key, enrolledKey, storageRootKey, expiresAtMs }: IssuedKey) => ({
  key: toBase64(key),
  enrolledKey: toBase64(enrolledKey),
  storageRootKey: toBase64(storageRootKey),
  expiresAtMs,
});

const keyOf = (record: IssuedKeysRecord['keys'][number]): IssuedKey => ({
  key: fromBase64(record.key),
  enrolledKey: fromBase64(record.enrolledKey),
  storageRootKey: fromBase64(record.storageRootKey),
  expiresAtMs: record.expiresAtMs,
});
