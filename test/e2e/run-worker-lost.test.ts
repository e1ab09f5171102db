import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRigProgram, eventually, type RigProgram } from '../support/rig-program.ts';

const dieInWorker = new URL('../support/die-in-worker.ts', import.meta.url).href;
const fleet = `name = "worker lost"
[endpoint]
kind = "emulator"
retryAfterSeconds = 0
[load]
arrival = "constant-concurrency"
concurrency = 4
[run]
workers = 2
rangeSize = 4
[[fleet]]
devices = 24
attestation = ["tpm", "x509"]
`;

describe('a worker thread that dies in a run', () => {
  let rig: RigProgram;
  beforeEach(() => {
    rig = createRigProgram({ nodeOptions: `--import ${dieInWorker}` });
  });
  afterEach(() => rig[Symbol.asyncDispose]());

  it('is the named error of its devices; all others register, and its TPMs end with it', async () => {
    const { exitCode, stderr } = await rig.run('run', rig.scenario(fleet), '--out', rig.out);
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
