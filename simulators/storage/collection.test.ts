import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Collection, entriesOf, type RecordStorage } from './collection.ts';
import { openDataDirectory } from './data-directory.ts';
import { createMemoryStorage } from './memory-storage.ts';

interface Thing {
  readonly n: number;
}
const add = (things: Collection<Thing>, key: string, n: number, owner?: string): void =>
  things.put(key, { n }, { sequence: things.nextSequence, ...(owner === undefined ? {} : { owner }) });
const keysOf = (page: Iterable<{ readonly key: string }>): string[] => [...page].map(({ key }) => key);

describe.each(['memory', 'a data directory'])('a collection in %s', (kind) => {
  let folder: string;
  let storage: RecordStorage;
  let things: Collection<Thing>;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dps-rig-storage-'));
    storage = kind === 'memory' ? createMemoryStorage() : openDataDirectory(folder);
    things = storage.collection('things');
  });
  afterEach(() => {
    storage[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });

  it('gives records by key, and is the same collection whenever it is asked for', () => {
    add(things, 'a', 1);
    expect(storage.collection<Thing>('things').get('a')).toEqual({ n: 1 });
    expect(storage.collection<Thing>('others').get('a')).toBeUndefined();
    expect([things.delete('a'), things.delete('a'), things.get('a')]).toEqual([true, false, undefined]);
  });

  it('leaves a record where it was when it is replaced there, and moves it when it is put elsewhere', () => {
    for (const key of ['a', 'b', 'c']) add(things, key, 1);
    things.put('b', { n: 2 }, { sequence: 2 });
    expect(things.page(0, 9).map(({ value }) => value.n)).toEqual([1, 2, 1]);
    add(things, 'a', 3);
    expect(keysOf(things.page(0, 9))).toEqual(['b', 'c', 'a']);
  });

  it('pages through the records of one owner', () => {
    for (const key of ['a', 'b', 'c', 'd']) add(things, key, 1, key === 'b' ? 'you' : 'me');
    expect(keysOf(things.page(0, 2, 'me'))).toEqual(['a', 'c']);
    expect(keysOf(things.page(3, 2, 'me'))).toEqual(['d']);
    things.put('c', { n: 2 }, { sequence: 3, owner: 'you' });
    expect(keysOf(things.page(0, 9, 'me'))).toEqual(['a', 'd']);
    expect(keysOf(things.page(0, 9, 'you'))).toEqual(['b', 'c']);
    expect(keysOf(things.page(0, 9, 'nobody'))).toEqual([]);
  });

  it('has every record in exactly one page, in order, whatever was put and deleted before', () => {
    const keys = fc.integer({ min: 0, max: 30 }).map(String);
    const change = fc.record({ key: keys, isDeleted: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 200 }), fc.integer({ min: 1, max: 7 }), (changes, limit) => {
        things.clear();
        const model = new Map<string, number>();
        for (const { key, isDeleted } of changes) {
          if (isDeleted) {
            expect(things.delete(key)).toBe(model.delete(key));
            continue;
          }
          const sequence = model.get(key) ?? things.nextSequence;
          model.set(key, sequence);
          things.put(key, { n: sequence }, { sequence });
        }
        const inOrder = [...model].sort(([, a], [, b]) => a - b).map(([key]) => key);
        const paged: string[] = [];
        for (let after = 0; ; ) {
          const page = things.page(after, limit);
          paged.push(...keysOf(page));
          const last = page.at(-1);
          if (last === undefined) break;
          after = last.sequence;
        }
        expect(paged).toEqual(inOrder);
      }),
      { numRuns: 30 },
    );
  });

  it('goes through more records than one page has', () => {
    storage.transaction(() => {
      for (let index = 0; index < 2500; index += 1) add(things, `k${index}`, index);
    });
    expect([...entriesOf(things)].map(({ value }) => value.n)).toEqual(
      Array.from({ length: 2500 }, (_, n) => n),
    );
  });
});
