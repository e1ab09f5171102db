import { matchesGlob } from 'node:path';
import { UsageError } from '../../simulators/kernel/errors.ts';

/**
 * Which cells a run is about, by name: as it stands in a report, or with `*` for a part of it and `**` for several.
 *
 * @throws UsageError when a pattern fits no cell
 */
export function selectCells(
  names: readonly string[],
  patterns: readonly string[],
): ((name: string) => boolean) | undefined {
  if (patterns.length === 0) return undefined;
  for (const pattern of patterns) {
    if (names.some((name) => matchesGlob(name, pattern))) continue;
    throw new UsageError(`no cell of the matrix is called ${pattern}`, {
      hint: `A name is like ${names[0] ?? 'linux/individual/tpm/swtpm/https/native'}; * stands for a part of it, ** for several.`,
    });
  }
  return (name) => patterns.some((pattern) => matchesGlob(name, pattern));
}
