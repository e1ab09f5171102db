import { closeSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';
import { openDataDirectory } from '../../storage/data-directory.ts';
import { readState, replaceState, writeState } from './state-text.ts';

const CHUNK_BYTES = 1 << 20;
const STANDARD_OUTPUT = 1;

/**
 * Writes all that a data directory keeps, keys included, as one JSON document.
 *
 * @param file readable by its user alone, replaced as a whole; standard output where undefined
 * @throws EnvironmentError when an emulator has the directory
 */
export function exportDataDirectory(directory: string, file: string | undefined): void {
  using storage = openDataDirectory(directory, { mustExist: true });
  if (file === undefined) {
    for (const piece of inChunks(writeState(storage))) writeAll(STANDARD_OUTPUT, piece);
    return;
  }
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    const descriptor = openSync(temporary, 'wx', 0o600);
    try {
      for (const piece of inChunks(writeState(storage))) writeAll(descriptor, piece);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/**
 * Replaces all that a data directory keeps by what a file holds, or leaves it as it was.
 *
 * @returns how many records were read
 * @throws UsageError naming the line and the member that is wrong
 * @throws EnvironmentError when an emulator has the directory
 */
export function importDataDirectory(directory: string, file: string): number {
  const descriptor = openSync(file, 'r');
  try {
    using storage = openDataDirectory(directory);
    return replaceState(storage, readState(linesOf(descriptor)));
  } finally {
    closeSync(descriptor);
  }
}

function* linesOf(descriptor: number): Generator<string> {
  const bytes = Buffer.alloc(CHUNK_BYTES);
  const decoder = new StringDecoder('utf8');
  let pending = '';
  for (;;) {
    const count = readSync(descriptor, bytes);
    if (count === 0) break;
    const lines = (pending + decoder.write(bytes.subarray(0, count))).split('\n');
    pending = lines.pop() ?? '';
    yield* lines;
  }
  yield pending + decoder.end();
}

function* inChunks(pieces: Iterable<string>): Generator<string> {
  let chunk = '';
  for (const piece of pieces) {
    chunk += piece;
    if (chunk.length < CHUNK_BYTES) continue;
    yield chunk;
    chunk = '';
  }
  yield chunk;
}

function writeAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
}
