import { readFileSync } from 'node:fs';
import { z } from 'zod';

/**
 * Prints "N passed, N failed, N skipped" from the JSON result file of the test runner.
 * Exits 1 when anything failed, when nothing passed, or when the runner says that the run as a whole failed.
 */
const resultFile = z.object({
  success: z.boolean(),
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
  numFailedTestSuites: z.int(),
});

const path = process.argv[2] ?? 'out/test-results.json';
const result = resultFile.parse(JSON.parse(readFileSync(path, 'utf8')));
const skipped = result.numPendingTests + result.numTodoTests;
process.stdout.write(
  `${result.numPassedTests} passed, ${result.numFailedTests} failed, ${skipped} skipped\n`,
);
if (
  !result.success ||
  result.numFailedTests > 0 ||
  result.numFailedTestSuites > 0 ||
  result.numPassedTests === 0
)
  process.exitCode = 1;
