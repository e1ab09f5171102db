import type { StorageKey } from '../../tpm/credential.ts';
import { idKey } from '../registration-id.ts';

/** A registration key that went out in a challenge, and for which TPM. */
export interface IssuedKey {
  readonly key: Uint8Array;
  /** As it was enrolled then: TPM2B_PUBLIC with its size field. */
  readonly enrolledKey: Uint8Array;
  readonly endorsementKey: StorageKey;
  readonly storageRootKey: StorageKey;
  readonly expiresAtMs: number;
}

/** Two, as a client that retries the first step may answer to either challenge. */
const KEPT_PER_DEVICE = 2;

/** The keys that went out in challenges: the token that follows must be signed with one of them. */
export class IssuedKeys {
  readonly #byDevice = new Map<string, readonly IssuedKey[]>();

  /** Newest first. */
  add(registrationId: string, issued: IssuedKey, nowMs: number): void {
    const id = idKey(registrationId);
    const kept = [issued, ...(this.#byDevice.get(id) ?? [])].slice(0, KEPT_PER_DEVICE);
    this.#byDevice.delete(id); // goes to the end: the map stays in the order of issue
    this.#byDevice.set(id, kept);
    this.#dropExpired(nowMs);
  }

  live(registrationId: string, nowMs: number): readonly IssuedKey[] {
    const issued = this.#byDevice.get(idKey(registrationId)) ?? [];
    return issued.filter(({ expiresAtMs }) => expiresAtMs > nowMs);
  }

  get size(): number {
    return this.#byDevice.size;
  }

  clear(): void {
    this.#byDevice.clear();
  }

  #dropExpired(nowMs: number): void {
    for (const [id, [newest]] of this.#byDevice) {
      if (newest !== undefined && newest.expiresAtMs > nowMs) return;
      this.#byDevice.delete(id);
    }
  }
}
