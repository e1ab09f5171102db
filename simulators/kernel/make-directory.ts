import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { EnvironmentError } from './errors.ts';

/**
 * Makes a directory that the user named, with its parents, and checks that files can be made in it. Synchronous: it is done
 * once, at a start.
 *
 * One level at a time: `mkdir` with `recursive` never ends on a file system that answers ENOENT for a parent that is
 * there, such as /proc.
 *
 * @param what for the message, e.g. `the reports`
 * @param mode of directories that are made; those that are there keep theirs
 * @throws EnvironmentError naming the directory
 */
export function makeDirectory(directory: string, what: string, mode = 0o777): void {
  try {
    makeLevel(resolve(directory), mode);
    // The dot: a file of that name is no directory.
    accessSync(`${directory}/.`, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    throw new EnvironmentError(what, `no files can be made in ${directory} (${code})`, {
      cause,
      hint: 'Choose another directory, or free the way to this one.',
    });
  }
}

function makeLevel(directory: string, mode: number): void {
  const parent = dirname(directory);
  if (parent !== directory && !existsSync(parent)) makeLevel(parent, mode);
  try {
    mkdirSync(directory, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // EROFS: a directory that is there on a file system that is read-only; whether it will do is checked later.
    if (code !== 'EEXIST' && code !== 'EROFS') throw error;
  }
}
