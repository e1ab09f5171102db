import { chmodSync, closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { EnvironmentError, RigError, toError } from '../kernel/errors.ts';
import { makeDirectory } from '../kernel/make-directory.ts';
import type { Collection, RecordStorage } from './collection.ts';
import { SqliteCollection } from './sqlite-collection.ts';

/** Of the tables; a file of a newer one is not touched. */
const SCHEMA_VERSION = 1;
/** "dpsr": says whose SQLite file it is. */
const APPLICATION_ID = 0x64707372;
const SQLITE_BUSY = 5;

const COMPONENT = 'data directory';

/**
 * Opens a directory that keeps collections from one start to the next, and makes it if there is none. One process has it
 * at a time; the kernel lets go of its lock when that process dies.
 *
 * A commit is written to the log of SQLite and handed to the operating system before `transaction` returns, so that the
 * end of this process, however sudden, loses nothing. It is not flushed to the disk (`synchronous = NORMAL`): a power cut
 * may take the last commits, never the file. An emulator for tests need not survive more, and a flush costs 0.2 ms.
 *
 * @throws EnvironmentError when the directory is in use, of a newer version, damaged, or cannot be written
 */
export function openDataDirectory(
  directory: string,
  { mustExist = false }: { readonly mustExist?: boolean } = {},
): RecordStorage {
  const file = join(directory, 'state.sqlite3');
  if (mustExist && !existsSync(file)) {
    throw new EnvironmentError(COMPONENT, `${directory} keeps no state: there is no ${file}`);
  }
  try {
    makeDirectory(directory, COMPONENT, 0o700);
    chmodSync(directory, 0o700); // there are keys in it, whoever made it
    closeSync(openSync(file, 'a', 0o600)); // SQLite gives its log the mode of this file
    const database = openDatabase(file);
    const holder = join(directory, 'holder.pid');
    writeFileSync(holder, `${process.pid}\n`, { mode: 0o600 });
    return storageOf(database, directory, () => rmSync(holder, { force: true }));
  } catch (thrown) {
    throw thrown instanceof RigError ? thrown : explained(thrown, directory);
  }
}

function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 0 });
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    database.exec('PRAGMA cache_size = -32768; BEGIN IMMEDIATE; COMMIT'); // takes the lock
    adopt(database, file);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Makes a new file ours, and refuses one that is not, or not yet. */
function adopt(database: DatabaseSync, file: string): void {
  const pragma = (name: string): number => Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
  const [owner, version] = [pragma('application_id'), pragma('user_version')];
  const isNew = Number(database.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n']) === 0;
  if (isNew) {
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${SCHEMA_VERSION}`);
  } else if (owner !== APPLICATION_ID) {
    throw new EnvironmentError(COMPONENT, `${file} is a SQLite file of another program`, {
      hint: 'Give another --data-dir.',
    });
  } else if (version > SCHEMA_VERSION) {
    const message = `${file} has version ${version}, this dps-rig knows ${SCHEMA_VERSION}`;
    throw new EnvironmentError(COMPONENT, message, {
      hint: 'Use the dps-rig that wrote it, or export with that one and import with this one.',
    });
  }
}

function storageOf(database: DatabaseSync, directory: string, release: () => void): RecordStorage {
  const collections = new Map<string, SqliteCollection<unknown>>();
  let depth = 0;
  return {
    collection: <T>(name: string): Collection<T> => {
      try {
        const known = collections.get(name) ?? new SqliteCollection<unknown>(database, name);
        collections.set(name, known);
        return known as SqliteCollection<T>;
      } catch (thrown) {
        throw thrown instanceof RigError ? thrown : explained(thrown, directory);
      }
    },
    transaction: (work) => {
      if (depth > 0) return work();
      database.exec('BEGIN IMMEDIATE');
      depth += 1;
      try {
        const result = work();
        database.exec('COMMIT');
        return result;
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK'); // a full disk has rolled back already
        for (const collection of collections.values()) collection.forgetCached();
        throw error;
      } finally {
        depth -= 1;
      }
    },
    [Symbol.dispose]: () => {
      release();
      database.close();
    },
  };
}

/** What SQLite or the file system says, in words that say what to do. */
function explained(thrown: unknown, directory: string): EnvironmentError {
  const error = toError(thrown) as Error & { errcode?: number };
  if (error.errcode === SQLITE_BUSY) {
    const message = `${directory} is in use by ${holderOf(directory)}`;
    const hint = 'End that one, or give another --data-dir.';
    return new EnvironmentError(COMPONENT, message, { hint, cause: thrown });
  }
  return new EnvironmentError(COMPONENT, `${directory} cannot be used: ${error.message}`, {
    hint: 'Restore it from an export, or give another --data-dir.',
    cause: thrown,
  });
}

function holderOf(directory: string): string {
  try {
    return `process ${readFileSync(join(directory, 'holder.pid'), 'utf8').trim()}`;
  } catch {
    return 'another process';
  }
}
