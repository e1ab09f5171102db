import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ReportFormat, reportFormats } from './formats.ts';
import type { RunResult } from './run-result.ts';
import { writeAtomically } from './write-atomically.ts';

export { renderConsoleSummary } from './console.ts';

/**
 * Writes every report into a directory, which is created when it is missing. Each file appears whole or not at all,
 * and replaces that of an earlier run.
 *
 * @returns the paths of the files, in the order of the table of formats; `index.html` is the last one
 */
export async function writeReports(result: RunResult, directory: string): Promise<readonly string[]> {
  const formats: readonly ReportFormat[] = Object.values(reportFormats);
  const files = await Promise.all(
    formats.map(async ({ fileName, render }) => ({
      path: join(directory, fileName),
      content: await render(result),
    })),
  );
  await mkdir(directory, { recursive: true });
  for (const { path, content } of files) await writeAtomically(path, content);
  return files.map(({ path }) => path);
}
