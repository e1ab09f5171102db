import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

/** Runs an example as its first line says, with the runner that it is for, and returns what that reports. */
async function run(program: string, ...args: readonly string[]): Promise<string> {
  // Without what this run of vitest has told its processes: the runner is one of its own.
  const { VITEST: _v, VITEST_WORKER_ID: _w, VITEST_POOL_ID: _p, NODE_ENV: _e, ...rest } = process.env;
  const env = { ...rest, NODE_TEST_CONTEXT: undefined, NO_COLOR: '1', FORCE_COLOR: undefined };
  const { stdout } = await promisify(execFile)(program, [...args], { env, timeout: 100_000 });
  return stdout;
}

describe('the examples of the library', () => {
  it('pass in vitest', async () => {
    const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--root', 'examples'];
    const output = await run(process.execPath, ...vitest, '--reporter=json', 'symmetric-key');
    expect(JSON.parse(output)).toMatchObject({ success: true, numPassedTests: 2, numTotalTests: 2 });
  });

  it('pass in node:test', async () => {
    const output = await run(process.execPath, '--test', '--test-reporter=tap', 'examples/tpm.node-test.js');
    expect(output).toMatch(/^# pass 2$/m);
    expect(output).toMatch(/^# tests 2$/m);
  });
});
