import { ConfigError, type ConfigErrorCode } from '../../kernel/errors.ts';
import { nearestWord } from '../../kernel/nearest-word.ts';
import type { LocatedDocument } from '../../kernel/toml.ts';
import type { ConfigNotice } from './edge-config.ts';
import { intentOf, otherNamesOf } from './key-intents.ts';

/** What is wrong at a key. */
export interface ConfigProblem {
  readonly message: string;
  readonly expected?: string | undefined;
  /** Unless the table is masked, see {@link ConfigTable.masked}. */
  readonly daemonSays?: string | undefined;
  readonly hint?: string | undefined;
  /** What the position is of, when that is not the key. */
  readonly seenAt?: readonly string[] | undefined;
  readonly cause?: unknown;
}

/** A table of a configuration file. It remembers what it was asked for: whatever nobody asks for, the device ignores. */
export interface ConfigTable {
  readonly path: readonly string[];
  has(key: string): boolean;
  keys(): readonly string[];
  /** A key that must be there. @throws ConfigError */
  string(key: string): string;
  optionalString(key: string): string | undefined;
  optionalInteger(key: string, expected?: string): number | undefined;
  optionalBoolean(key: string): boolean | undefined;
  /** A word out of a list. */
  word<Word extends string>(key: string, words: readonly Word[]): Word;
  optionalWord<Word extends string>(key: string, words: readonly Word[]): Word | undefined;
  table(key: string): ConfigTable;
  optionalTable(key: string): ConfigTable | undefined;
  /** Whether the key's value is a table. */
  isTable(key: string): boolean;
  /** Keys that the device knows, and that have nothing to do with provisioning. */
  knows(...keys: readonly string[]): void;
  /** The same table where the device has one text for everything that may be wrong in it; undefined: nobody knows it. */
  masked(daemonSays: string | undefined): ConfigTable;
  /** The error for a key, or for the table itself. */
  problem(code: ConfigErrorCode, key: string | undefined, problem: ConfigProblem): ConfigError;
  notice(code: string, key: string, message: string, more?: Pick<ConfigNotice, 'daemonSays' | 'fatal'>): void;
}

/** A file that is being read. */
export interface ConfigReading {
  readonly root: ConfigTable;
  /** What was noticed, and what nobody asked for. To be called when everything has been read. */
  notices(): readonly ConfigNotice[];
}

/** Secrets are never shown, also not where they are of the wrong type. */
const secretKeys = new Set([
  'value',
  'connection_string',
  'device_connection_string',
  'symmetric_key',
  'password',
]);

interface State {
  readonly file: string;
  readonly document: LocatedDocument;
  /** Keys asked for, by the path of the table. */
  readonly asked: Map<string, Set<string>>;
  readonly notices: ConfigNotice[];
}

/** Begins to read a document. */
export function readTables(file: string, document: LocatedDocument): ConfigReading {
  const state: State = { file, document, asked: new Map(), notices: [] };
  return {
    root: openTable(state, [], document.value, undefined),
    notices: () =>
      [...state.notices, ...ignoredKeys(state)].toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)),
  };
}

interface Mask {
  readonly daemonSays: string | undefined;
}

type Members = Readonly<Record<string, unknown>>;

function openTable(
  state: State,
  path: readonly string[],
  members: Members,
  mask: Mask | undefined,
): ConfigTable {
  const asked = state.asked.get(path.join('.')) ?? new Set<string>();
  state.asked.set(path.join('.'), asked);
  const take = (key: string): unknown => {
    asked.add(key);
    return Object.hasOwn(members, key) ? members[key] : undefined;
  };
  const problem: ConfigTable['problem'] = (
    code,
    key,
    { message, expected, daemonSays, hint, seenAt, cause },
  ) => {
    const at = key === undefined ? path : [...path, key];
    const fields = {
      file: state.file,
      ...state.document.locate(seenAt ?? at),
      key: at.join('.') || undefined,
    };
    return new ConfigError(
      code,
      { ...fields, message, expected, daemonSays: mask === undefined ? daemonSays : mask.daemonSays },
      { hint, cause },
    );
  };
  const missing = (key: string): ConfigError => {
    const daemonSays = `missing field \`${key}\``;
    return problem('CONFIG_MISSING', key, {
      message: 'is missing',
      daemonSays,
      ...whereItMayBe(state, path, key),
    });
  };
  const wrongType = (key: string, value: unknown, expected: string): ConfigError => {
    const seen = describeValue(key, value);
    return problem('CONFIG_TYPE', key, {
      message: `is ${seen}`,
      expected,
      daemonSays: `invalid type: ${seen}, expected ${expected}`,
      hint:
        typeof value === 'string' && /integer|boolean/.test(expected) ? 'Take away the quotes.' : undefined,
    });
  };
  const optional = <T>(key: string, expected: string, is: (value: unknown) => value is T): T | undefined => {
    const value = take(key);
    if (value === undefined || is(value)) return value;
    throw wrongType(key, value, expected);
  };
  const table: ConfigTable = {
    path,
    has: (key) => take(key) !== undefined,
    keys: () => Object.keys(members),
    optionalString: (key) => optional(key, 'a string', isString),
    optionalInteger: (key, expected = 'an integer') => optional(key, expected, isInteger),
    optionalBoolean: (key) => optional(key, 'a boolean', isBoolean),
    string: (key) => present(table.optionalString(key), () => missing(key)),
    optionalWord: (key, words) => {
      const value = table.optionalString(key);
      if (value === undefined) return undefined;
      const word = words.find((known) => known === value);
      if (word !== undefined) return word;
      const near = nearestWord(value, words);
      throw problem('CONFIG_VALUE', key, {
        message: `is ${JSON.stringify(value)}`,
        expected: `one of ${words.map((known) => `"${known}"`).join(', ')}`,
        daemonSays: `unknown variant \`${value}\`, expected one of ${words.map((known) => `\`${known}\``).join(', ')}`,
        hint: near === undefined ? undefined : `Write "${near}".`,
      });
    },
    word: (key, words) => present(table.optionalWord(key, words), () => missing(key)),
    optionalTable: (key) => {
      const inner = optional(key, 'a table', isMembers);
      return inner === undefined ? undefined : openTable(state, [...path, key], inner, mask);
    },
    table: (key) => present(table.optionalTable(key), () => missing(key)),
    isTable: (key) => isMembers(take(key)),
    knows: (...keys) => {
      for (const key of keys) asked.add(key);
    },
    masked: (daemonSays) => openTable(state, path, members, { daemonSays }),
    problem,
    notice: (code, key, message, more = {}) => {
      const at = [...path, key];
      const { line } = state.document.locate(at) ?? {};
      state.notices.push({ code, key: at.join('.'), line, message, ...more });
    },
  };
  return table;
}

function present<T>(value: T | undefined, missing: () => ConfigError): T {
  if (value === undefined) throw missing();
  return value;
}

const isString = (value: unknown): value is string => typeof value === 'string';
const isInteger = (value: unknown): value is number => Number.isSafeInteger(value);
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean';
const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** In the words of the device's deserializer. */
function describeValue(key: string, value: unknown): string {
  if (Array.isArray(value)) return 'a sequence';
  if (isMembers(value)) return 'a map';
  const shown = secretKeys.has(key)
    ? ''
    : ` ${isString(value) ? JSON.stringify(value) : `\`${String(value)}\``}`;
  if (isString(value)) return `string${shown}`;
  if (isBoolean(value)) return `boolean${shown}`;
  return Number.isInteger(value) ? `integer${shown}` : `floating point${shown}`;
}

/** Where the writer probably has put a key that is missing here. */
function whereItMayBe(
  state: State,
  path: readonly string[],
  key: string,
): Pick<ConfigProblem, 'hint' | 'seenAt'> {
  const elsewhere = allKeys(state.document.value).filter(
    (found) => found.join('.') !== [...path, key].join('.'),
  );
  const same = elsewhere.find((found) => found.at(-1) === key);
  const line = (found: readonly string[]): string => `line ${state.document.locate(found)?.line ?? '?'}`;
  if (same !== undefined) {
    const below = same.length === 1 ? 'above all tables' : `below [${same.slice(0, -1).join('.')}]`;
    const hint = `It stands in ${line(same)}, but ${below}: it belongs below [${path.join('.')}].`;
    return { hint, seenAt: same };
  }
  const known = state.asked.get(path.join('.'));
  const here = elsewhere
    .filter((found) => found.slice(0, -1).join('.') === path.join('.'))
    .map((found) => found.at(-1) ?? '')
    .filter((name) => known?.has(name) !== true);
  const name = otherNamesOf(key).find((other) => here.includes(other));
  const near = name ?? nearestWord(key, here);
  if (near === undefined) return {};
  const seenAt = [...path, near];
  return { hint: `In ${line(seenAt)} there is ${near}: here its name is ${key}.`, seenAt };
}

function allKeys(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (!isMembers(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => [[...path, key], ...allKeys(inner, [...path, key])]);
}

function ignoredKeys({ asked, document }: State): readonly ConfigNotice[] {
  const unread = (members: Members, path: readonly string[]): readonly (readonly string[])[] => {
    const known = asked.get(path.join('.'));
    // A table that nobody opened: its own name is the notice, or the device knows it and we need not.
    if (known === undefined) return [];
    return Object.entries(members).flatMap(([key, value]) => {
      const own = [...path, key];
      return known.has(key) ? (isMembers(value) ? unread(value, own) : []) : [own];
    });
  };
  return unread(document.value, []).map((path) => ({
    code: 'ignored-key',
    key: path.join('.'),
    line: document.locate(path)?.line,
    message: `is unknown to this version and ignored without a word${intentOf(path, asked)}`,
  }));
}
