import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EnvironmentError } from '../../simulators/kernel/errors.ts';
import { makeDirectory } from '../../simulators/kernel/make-directory.ts';

/**
 * The bearer token of a management API that is open to others, from a file; makes file and token when there are none.
 *
 * @throws EnvironmentError when the file cannot be had, or is empty
 */
export async function openManagementToken(file: string): Promise<string> {
  // In a directory, it may be, where nothing can be made: the secret of an orchestrator.
  if (existsSync(file)) return readManagementToken(file);
  makeDirectory(dirname(file), 'the management token', 0o700);
  const token = randomBytes(32).toString('base64url');
  try {
    await writeFile(file, `${token}\n`, { mode: 0o600, flag: 'wx' });
    return token;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return readManagementToken(file);
    throw new EnvironmentError('management token', `${file} cannot be written`, { cause });
  }
}

/** The same of a file that another program has made. @throws EnvironmentError when it cannot be read, or is empty */
export async function readManagementToken(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new EnvironmentError('management token', `${file} cannot be read`, { cause });
  });
  const token = text.trim();
  if (token === '') throw new EnvironmentError('management token', `${file} is empty`);
  return token;
}
