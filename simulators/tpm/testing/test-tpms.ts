import { join } from 'node:path';
import { openScratchDirectory } from '../../processes/scratch-directory.ts';
import { ensureTpms } from '../manufacture.ts';
import type { ManufacturedTpm } from '../transport.ts';

/** New TPMs and a directory to work in; gone together with the directory. */
export interface TestTpms extends AsyncDisposable {
  readonly tpms: readonly ManufacturedTpm[];
  readonly workDirectory: string;
}

/** Makes TPMs for one test, in a cache of its own. */
export async function makeTestTpms(count: number): Promise<TestTpms> {
  const scratch = await openScratchDirectory({ name: 'test-tpms' });
  const tpms = await ensureTpms({
    count,
    cacheDirectory: join(scratch.path, 'cache'),
    signal: new AbortController().signal,
  });
  return {
    tpms,
    workDirectory: join(scratch.path, 'work'),
    [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose](),
  };
}
