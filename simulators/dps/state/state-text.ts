import { z } from 'zod';
import { toError, UsageError } from '../../kernel/errors.ts';
import { entriesOf, type RecordStorage } from '../../storage/collection.ts';
import { describeMismatch } from '../enrollment-schema.ts';
import { type ReadRecord, sections } from './sections.ts';
import { documentEnd, documentStart, readDocument } from './state-document.ts';

/** A record that may be stored. */
export interface StateRecord extends ReadRecord {
  readonly collection: string;
}

const anyRecord = z.looseObject({ kind: z.string() });

/** The whole state as a JSON document, secrets included, a record a line; each piece ends a line. */
export function* writeState(storage: RecordStorage): Generator<string> {
  let separator = documentStart;
  for (const [kind, { collection }] of Object.entries(sections)) {
    for (const { value } of entriesOf(storage.collection<object>(collection))) {
      yield `${separator}\n`;
      separator = `${JSON.stringify({ kind, ...value })},`;
    }
  }
  yield separator === documentStart ? `${separator}\n` : `${separator.slice(0, -1)}\n`;
  yield `${documentEnd}\n`;
}

/**
 * Reads and checks a state document, record by record.
 *
 * @param lines without their ends
 * @throws UsageError naming the line (of a document in another layout: the record) and the member
 */
export function* readState(lines: Iterable<string>): Generator<StateRecord> {
  const seen = new Map<string, Set<string>>();
  for (const { where, value } of readDocument(lines)) {
    const { kind, ...record } = checked(where, () => anyRecord.parse(value));
    const section = Object.hasOwn(sections, kind) ? sections[kind] : undefined;
    if (section === undefined) {
      throw new UsageError(`${where}: kind ${kind}: there are ${Object.keys(sections).join(', ')}`);
    }
    const keys = seen.get(kind) ?? new Set();
    seen.set(kind, keys);
    const read = checked(where, () => section.read(record, keys.size + 1));
    const strange = unknownMember(record, read.value);
    if (strange !== undefined) throw new UsageError(`${where}: ${strange}: no member of ${kind}`);
    if (keys.has(read.key)) throw new UsageError(`${where}: a second ${kind} ${read.key}`);
    keys.add(read.key);
    yield { ...read, collection: section.collection };
  }
}

/**
 * Puts records in the place of all that there is, and all of them or none: also when one that is read meanwhile is wrong.
 * Memory cannot go back, so give it records that are read already.
 */
export function replaceState(storage: RecordStorage, records: Iterable<StateRecord>): number {
  return storage.transaction(() => {
    for (const { collection } of Object.values(sections)) storage.collection(collection).clear();
    let count = 0;
    for (const { collection, key, value, place } of records) {
      storage.collection(collection).put(key, value, place);
      count += 1;
    }
    return count;
  });
}

function checked<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const message = cause instanceof z.ZodError ? describeMismatch(cause) : toError(cause).message;
    throw new UsageError(`${where}: ${message}`, { cause });
  }
}

/** The path of a member that was given and not taken: what cannot be kept is refused, not dropped. */
function unknownMember(given: unknown, taken: unknown): string | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  if (typeof taken !== 'object' || taken === null) return undefined;
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(taken, name)) return name;
    const within = unknownMember(value, (taken as Readonly<Record<string, unknown>>)[name]);
    if (within !== undefined) return `${name}.${within}`;
  }
  return undefined;
}
