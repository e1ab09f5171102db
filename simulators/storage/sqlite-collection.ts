import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { InvariantError } from '../kernel/errors.ts';
import type { Collection, Entry, Place } from './collection.ts';

/** Records kept parsed: a device comes back for its status query, and so does its record. */
const CACHED = 10_000;

/** A collection as a table. Values are JSON; those used last are kept parsed. */
export class SqliteCollection<T> implements Collection<T> {
  readonly #get: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #page: StatementSync;
  readonly #pageOfOwner: StatementSync;
  readonly #clear: StatementSync;
  readonly #cache = new Map<string, T>();
  #nextSequence: number;

  constructor(database: DatabaseSync, name: string) {
    if (!/^[a-z-]+$/.test(name)) throw new InvariantError(`${name} is no name of a collection`);
    database.exec(`
      CREATE TABLE IF NOT EXISTS "${name}"
        (sequence INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, owner TEXT, value TEXT NOT NULL);
      CREATE INDEX IF NOT EXISTS "${name}-by-owner" ON "${name}" (owner, sequence) WHERE owner IS NOT NULL;
    `);
    this.#get = database.prepare(`SELECT value FROM "${name}" WHERE key = ?`);
    this.#put = database.prepare(`
      INSERT INTO "${name}" (sequence, key, owner, value) VALUES (?, ?, ?, ?)
      ON CONFLICT (key) DO UPDATE SET sequence = excluded.sequence, owner = excluded.owner, value = excluded.value`);
    this.#delete = database.prepare(`DELETE FROM "${name}" WHERE key = ?`);
    const columns = `SELECT sequence, key, value FROM "${name}"`;
    this.#page = database.prepare(`${columns} WHERE sequence > ? ORDER BY sequence LIMIT ?`);
    this.#pageOfOwner = database.prepare(
      `${columns} WHERE owner = ? AND sequence > ? ORDER BY sequence LIMIT ?`,
    );
    this.#clear = database.prepare(`DELETE FROM "${name}"`);
    const last = database.prepare(`SELECT max(sequence) AS last FROM "${name}"`).get();
    this.#nextSequence = Number(last?.['last'] ?? 0) + 1;
  }

  get nextSequence(): number {
    return this.#nextSequence;
  }

  get(key: string): T | undefined {
    const cached = this.#cache.get(key);
    if (cached !== undefined) {
      this.#remember(key, cached);
      return cached;
    }
    const row = this.#get.get(key);
    if (row === undefined) return undefined;
    const value = JSON.parse(String(row['value'])) as T;
    this.#remember(key, value);
    return value;
  }

  put(key: string, value: T, { sequence, owner }: Place): void {
    this.#put.run(sequence, key, owner ?? null, JSON.stringify(value));
    this.#nextSequence = Math.max(this.#nextSequence, sequence + 1);
    this.#remember(key, value);
  }

  delete(key: string): boolean {
    const { changes } = this.#delete.run(key);
    this.#cache.delete(key);
    return changes > 0;
  }

  page(after: number, limit: number, owner?: string): readonly Entry<T>[] {
    const rows =
      owner === undefined ? this.#page.all(after, limit) : this.#pageOfOwner.all(owner, after, limit);
    return rows.map((row) => ({
      key: String(row['key']),
      sequence: Number(row['sequence']),
      value: JSON.parse(String(row['value'])) as T,
    }));
  }

  clear(): void {
    this.#clear.run();
    this.#cache.clear();
  }

  /** For a rollback: what is cached may never have been stored. */
  forgetCached(): void {
    this.#cache.clear();
  }

  #remember(key: string, value: T): void {
    this.#cache.delete(key);
    this.#cache.set(key, value); // now the newest
    if (this.#cache.size <= CACHED) return;
    const [oldest] = this.#cache.keys();
    if (oldest !== undefined) this.#cache.delete(oldest);
  }
}
