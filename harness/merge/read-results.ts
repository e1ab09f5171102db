import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RUN_RESULT_SCHEMA_VERSION, type RunResult, runResultSchema } from '../../reports/run-result.ts';
import { UsageError } from '../../simulators/kernel/errors.ts';

/**
 * Reads the result that a run left.
 *
 * @param path a `run-result.json`, or the directory of the reports
 * @throws UsageError when there is none, or it is of another version
 */
export async function readResult(path: string): Promise<RunResult> {
  const file = path.endsWith('.json') ? path : join(path, 'run-result.json');
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new UsageError(`${file} cannot be read`, { cause });
  });
  const parsed = runResultSchema.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  throw new UsageError(`${file} is no result of a run, version ${RUN_RESULT_SCHEMA_VERSION}`, {
    cause: parsed.error,
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
