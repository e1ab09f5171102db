import { z } from 'zod';
import { toError, UsageError } from '../../kernel/errors.ts';
import { describeMismatch } from '../enrollment-schema.ts';

/** Grows when a reader of the version before would misread the document. */
const STATE_VERSION = 1;
const header = z.strictObject({
  format: z.literal('dps-rig-state'),
  version: z.literal(STATE_VERSION),
  records: z.array(z.unknown()),
});

/** The first line of a document as we write it. */
export const documentStart = `{"format":"dps-rig-state","version":${STATE_VERSION},"records":[`;
/** Its last line. */
export const documentEnd = ']}';

interface Found {
  /** For messages: `line 7`, or `record 3`. */
  readonly where: string;
  readonly value: unknown;
}

/**
 * Takes a state document apart. As we write it, it has a record a line and is read line by line, whatever its size; in any
 * other layout it is read as a whole.
 *
 * @throws UsageError when it is none, of another version, or cut off
 */
export function* readDocument(lines: Iterable<string>): Generator<Found> {
  const iterator = lines[Symbol.iterator]();
  const first = String(iterator.next().value ?? '');
  const rest = { [Symbol.iterator]: () => iterator };
  if (first.trim().endsWith('[')) {
    checkHeader(parse('line 1', `${first}${documentEnd}`));
    yield* recordsByLine(rest);
  } else {
    const { records } = checkHeader(parse('the document', [first, ...rest].join('\n')));
    for (const [index, value] of records.entries()) yield { where: `record ${index + 1}`, value };
  }
}

function* recordsByLine(lines: Iterable<string>): Generator<Found> {
  let isLast = false;
  let number = 1;
  for (const line of lines) {
    number += 1;
    const where = `line ${number}`;
    const text = line.trim();
    if (text === documentEnd) return;
    if (text === '') continue;
    if (isLast) throw new UsageError(`${where}: expected ${documentEnd}`);
    isLast = !text.endsWith(',');
    yield { where, value: parse(where, isLast ? text : text.slice(0, -1)) };
  }
  throw new UsageError(`the document is cut off behind line ${number}: expected ${documentEnd}`);
}

function checkHeader(value: unknown): z.infer<typeof header> {
  const parsed = header.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new UsageError(`not a state of version ${STATE_VERSION}: ${describeMismatch(parsed.error)}`);
}

function parse(where: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const position = / at position \d+/.exec(toError(cause).message)?.[0] ?? '';
    throw new UsageError(`${where}: not JSON${position}`); // the parser's words would quote keys
  }
}
