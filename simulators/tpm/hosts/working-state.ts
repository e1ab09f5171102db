import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EnvironmentError, InvariantError } from '../../kernel/errors.ts';
import type { StateStore } from '../transports/swtpm-pool.ts';

/**
 * The state of one TPM in the course of a run: that of manufacture until it is first saved, then a file of its own.
 *
 * @param tpm its `stateFile` is only read
 * @throws EnvironmentError when there is no such file
 * @throws InvariantError when the name cannot be a file name
 */
export function openWorkingState(
  workDirectory: string,
  tpm: { readonly tpmId: string; readonly stateFile: string },
): StateStore {
  if (!/^[\w-][\w.-]*$/.test(tpm.tpmId)) throw new InvariantError(`TPM name '${tpm.tpmId}' is no file name`);
  const workingFile = join(workDirectory, `${tpm.tpmId}.state`);
  let current = existsSync(workingFile) ? workingFile : tpm.stateFile;
  if (!existsSync(current)) {
    throw new EnvironmentError('tpm', `${tpm.tpmId} has no state file ${current}`, {
      hint: 'Run again: TPMs that are missing from the cache are made anew.',
    });
  }
  return {
    load: () => readFile(current),
    save: async (state) => {
      // A reader, or a run that is killed here, must never meet half a TPM.
      const unfinished = `${workingFile}.new`;
      await writeFile(unfinished, state, { mode: 0o600 });
      await rename(unfinished, workingFile);
      current = workingFile;
    },
  };
}
