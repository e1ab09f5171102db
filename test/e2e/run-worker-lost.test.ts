import { afterEach, describe, expect, it } from 'vitest';
import { createRigProgram, eventually, type RigProgram } from '../support/rig-program.ts';

const dieInWorker = new URL('../support/die-in-worker.ts', import.meta.url).href;
const fleet = (load: string): string => `name = "worker lost"
[endpoint]
kind = "emulator"
retryAfterSeconds = 0
[load]
${load}
[run]
workers = 2
rangeSize = 4
[[fleet]]
devices = 24
attestation = ["tpm", "x509"]
`;

describe('a worker thread that dies in a run', () => {
  let rig: RigProgram;
  afterEach(() => rig[Symbol.asyncDispose]());

  it.each([
    ['while devices register', 'net.client.socket', 'arrival = "constant-concurrency"\nconcurrency = 4'],
    ['before all stand at the start line', 'child_process', 'arrival = "all-at-once"'],
  ])('%s: its devices get an error with a name, all others register, its TPMs end', async (_, when, load) => {
    rig = createRigProgram({ nodeOptions: `--import ${dieInWorker}?${when}` });
    const { exitCode, stderr } = await rig.run('run', rig.scenario(fleet(load)), '--out', rig.out);
    expect(exitCode, stderr).toBe(4);
    const { outcomes, errors, checks, devices } = rig.result();
    expect(devices).toBe(24);
    expect(outcomes).toMatchObject({ ended: 0, aborted: 0 });
    expect(outcomes.assigned + outcomes.error).toBe(24);
    expect(outcomes.assigned).toBeGreaterThanOrEqual(8);
    expect(errors).toMatchObject([
      { code: 'WORKER_LOST', message: 'the worker thread was lost: this worker dies on purpose' },
    ]);
    expect(checks.find(({ name }) => name === 'no device is lost')?.passed).toBe(true);
    await eventually(() => rig.processes('swtpm').length === 0);
  });
});
