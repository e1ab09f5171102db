import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataDirectory } from './data-directory.ts';

const at = (sequence: number) => ({ sequence });
const environmentError = (text: RegExp) =>
  expect.objectContaining({
    name: 'EnvironmentError',
    message: expect.stringMatching(text) as string,
  }) as Error;

describe('a data directory', () => {
  let parent: string;
  let folder: string;
  let file: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'dps-rig-storage-'));
    folder = join(parent, 'made', 'here');
    file = join(folder, 'state.sqlite3');
  });
  afterEach(() => rmSync(parent, { recursive: true }));

  const fill = (count = 1): void => {
    using storage = openDataDirectory(folder);
    const things = storage.collection('things');
    storage.transaction(() => {
      for (let n = 1; n <= count; n += 1) things.put(`k${n}`, { n, text: 'x'.repeat(100) }, at(n));
    });
  };

  it('has everything again when it is opened again', () => {
    fill(3);
    using storage = openDataDirectory(folder);
    const things = storage.collection('things');
    expect(things.get('k2')).toMatchObject({ n: 2 });
    expect(things.nextSequence).toBe(4);
  });

  it('does all of a transaction or nothing, those within one as a part of it', () => {
    using storage = openDataDirectory(folder);
    const things = storage.collection<number>('things');
    expect(() =>
      storage.transaction(() => {
        things.put('a', 1, at(1));
        storage.transaction(() => things.put('b', 2, at(2)));
        throw new Error('no');
      }),
    ).toThrow('no');
    expect([things.get('a'), things.get('b')]).toEqual([undefined, undefined]);
    storage.transaction(() => things.put('c', 3, at(3)));
    expect(things.get('c')).toBe(3);
  });

  it('is readable by its user alone', () => {
    using storage = openDataDirectory(folder);
    storage.collection('things').put('a', 1, at(1));
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    const files = readdirSync(folder);
    expect(files).toContain('state.sqlite3-wal');
    for (const name of files) expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600);
  });

  it('is had by one at a time, and says by whom', () => {
    using _first = openDataDirectory(folder);
    expect(() => openDataDirectory(folder)).toThrow(
      environmentError(new RegExp(`${folder} is in use by process ${process.pid}`)),
    );
  });

  it.each<readonly [string, () => void, RegExp]>([
    ['that is no SQLite file', () => writeFileSync(file, 'hello'.repeat(1000)), /not a database/],
    ['that was cut off', () => truncateSync(file, 5000), /malformed/],
    ['of a later version', () => change('PRAGMA user_version = 99'), /version 99, this dps-rig knows 1/],
    ['of another program', () => change('PRAGMA application_id = 1'), /another program/],
  ])('refuses a file %s', (_what, damage, text) => {
    fill(1000);
    damage();
    expect(() => openDataDirectory(folder)).toThrow(environmentError(text));
  });

  it('is not made when it must be there', () => {
    expect(() => openDataDirectory(folder, { mustExist: true })).toThrow(environmentError(/keeps no state/));
    expect(existsSync(folder)).toBe(false);
  });

  it('says that it cannot be made', () => {
    writeFileSync(join(parent, 'made'), 'a file');
    expect(() => openDataDirectory(folder)).toThrow(environmentError(/no files can be made in .*ENOTDIR/));
  });

  it('is closed to others, also when somebody made it open', () => {
    mkdirSync(folder, { recursive: true, mode: 0o755 });
    using _storage = openDataDirectory(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  function change(sql: string): void {
    const database = new DatabaseSync(file);
    database.exec(sql);
    database.close();
  }
});
