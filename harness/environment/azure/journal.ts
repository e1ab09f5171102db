import { closeSync, fsyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { UsageError } from '../../../simulators/kernel/errors.ts';
import { makeDirectory } from '../../../simulators/kernel/make-directory.ts';

/** Something that a run made at a service that is not its own. */
export type JournalEntry =
  | { readonly kind: 'service'; readonly hostName: string }
  | { readonly kind: 'enrollment' | 'group' | 'registration'; readonly id: string };

const kinds: readonly unknown[] = ['service', 'enrollment', 'group', 'registration'];

/** What there is to remove, on disk before it is made: nothing is left behind unknown, whatever happens to the run. */
export interface Journal extends Disposable {
  readonly path: string;
  /** Returns when it is on the disk. */
  write(entries: readonly JournalEntry[]): void;
  /** Everything is removed: nothing remains to be known. */
  discard(): void;
}

/** @param path for this user only @throws UsageError when the journal of another run is there: it is needed for its clean-up */
export function openJournal(path: string): Journal {
  makeDirectory(dirname(path), 'the journal');
  const file = create(path);
  let open = true;
  const close = (): void => {
    if (open) closeSync(file);
    open = false;
  };
  return {
    path,
    write: (entries) => {
      writeSync(file, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
      fsyncSync(file);
    },
    discard: () => {
      close();
      rmSync(path, { force: true });
    },
    [Symbol.dispose]: close,
  };
}

function create(path: string): number {
  try {
    return openSync(path, 'wx', 0o600);
  } catch (cause) {
    throw new UsageError(`the journal ${path} cannot be made`, {
      hint: `If one is there, an earlier run did not come to its end: dps-rig cleanup ${path}`,
      cause,
    });
  }
}

/**
 * Reads a journal; a last line that was cut off is passed over, for what it names was not made yet.
 *
 * @throws UsageError when the file is no journal
 */
export function readJournal(path: string): {
  readonly hostName: string;
  readonly entries: readonly JournalEntry[];
} {
  const lines = readText(path).split('\n');
  const whole = lines.slice(0, -1).map((line, index) => parseEntry(line, path, index + 1));
  const [first, ...entries] = whole;
  if (first?.kind !== 'service')
    throw new UsageError(`${path}:1: is no journal of a run: no service is named`);
  return { hostName: first.hostName, entries };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new UsageError(`${path} cannot be read`, { cause });
  }
}

function parseEntry(line: string, path: string, number: number): JournalEntry {
  try {
    const entry = JSON.parse(line) as JournalEntry;
    if (kinds.includes(entry.kind)) return entry;
  } catch {
    // said below
  }
  throw new UsageError(`${path}:${number}: is no line of a journal`);
}
