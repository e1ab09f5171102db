import type { RunResult } from './run-result.ts';

/** The whole RunResult, indented, for programs and for comparing runs. */
export function renderJson(result: RunResult): string {
  return `${JSON.stringify(result, null, 2)}\n`;
}
