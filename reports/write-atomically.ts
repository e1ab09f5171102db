import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Writes a file so that a reader sees the old one or the new one, never half of one, also when the process is killed.
 * Its mode is 0644 whatever the umask: a report is there to be handed on.
 */
export async function writeAtomically(path: string, content: string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    await using file = await open(temporary, 'wx', 0o644);
    await file.writeFile(content);
    await file.chmod(0o644);
    await file.sync();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
