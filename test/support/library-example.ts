import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * Runs an example of the library as its first line says, with the runner that it is for.
 *
 * @returns what the runner printed, without colours
 * @throws when a test of it failed
 */
async function runExample(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  // Without what this run of vitest has told its processes: the runner is one of its own.
  const { VITEST: _v, VITEST_WORKER_ID: _w, VITEST_POOL_ID: _p, NODE_ENV: _e, ...rest } = process.env;
  const env = {
    ...rest,
    NODE_TEST_CONTEXT: undefined,
    FORCE_COLOR: undefined,
    NO_COLOR: '1',
    ...environment,
  };
  const { stdout } = await promisify(execFile)(process.execPath, [...args], { env, timeout: 170_000 });
  return stdout;
}

/** @param name beginning of its file's name */
export const runVitestExample = (
  name: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<string> =>
  runExample(
    ['node_modules/vitest/vitest.mjs', 'run', '--root', 'examples', '--reporter=verbose', name],
    environment,
  );

/** @param file in examples/ */
export const runNodeTestExample = (file: string): Promise<string> =>
  runExample(['--test', '--test-reporter=tap', `examples/${file}`], {});
