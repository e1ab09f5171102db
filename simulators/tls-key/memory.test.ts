import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { MemoryReport } from './testing/measure-memory.ts';

it('keeps no memory for keys, contexts and handshakes that have gone', { timeout: 120_000 }, async () => {
  const program = fileURLToPath(new URL('./testing/measure-memory.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program]);
  const { residentBytes, keysLeft } = JSON.parse(stdout) as MemoryReport;
  expect(keysLeft).toBe(0);
  // The first round fills caches and heaps. A context that stayed would cost 33 KB, 2,000 of them 66 MB a round.
  const [, second = 0, , fourth = 0] = residentBytes;
  expect((fourth - second) / 2 ** 20).toBeLessThan(16);
});
