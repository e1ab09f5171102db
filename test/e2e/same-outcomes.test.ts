import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRigProgram, type RigProgram } from '../support/rig-program.ts';

/** Every attestation, key store and transport, refusals of the service, of TPMs and of tokens, and a service on a bad day. */
const mixedFleet = `
name = "same outcomes"
seed = 7
[endpoint]
kind = "emulator"
profile = "strict"
retryAfterSeconds = 1
[load]
arrival = "constant-concurrency"
concurrency = 16
[run]
rangeSize = 7
[[fleet]]
devices = 24
attestation = ["symmetric-key", "x509", "tpm"]
client = ["native", "azure-sdk"]
[[fleet]]
devices = 8
attestation = ["symmetric-key", "x509"]
transport = ["mqtt", "amqp"]
[[fleet]]
devices = 4
attestation = "x509"
keyStore = "softhsm"
[[fleet]]
devices = 18
attestation = ["symmetric-key", "x509", "tpm"]
fault = ["wrong-key", "expired-sas", "other-ca", "ek-not-enrolled", "disabled-enrollment", "wrong-scope"]
[[fleet]]
devices = 3
attestation = "tpm"
fault = ["srk-missing", "tpm-remade", "foreign-challenge"]
[[fleet]]
devices = 3
attestation = "x509"
keyStore = "softhsm"
fault = ["wrong-pin", "token-absent", "key-missing"]
`;

describe('the outcomes of a run', () => {
  let rig: RigProgram;
  beforeEach(() => {
    rig = createRigProgram();
  });
  afterEach(() => rig[Symbol.asyncDispose]());

  it('are byte for byte the same with 1, 2 and 8 workers, and when it runs again', async () => {
    const file = rig.scenario(mixedFleet);
    const lists: string[] = [];
    for (const workers of ['1', '2', '8', '8']) {
      const { exitCode, stdout, stderr } = await rig.run('run', file, '--out', rig.out, '--workers', workers);
      // The official SDK never tries again: by the seed, two of its devices are refused once.
      expect(exitCode, stdout + stderr).toBe(4);
      expect(rig.result().load.workers).toBe(Number(workers));
      lists.push(readFileSync(join(rig.out, 'outcomes.tsv'), 'utf8'));
    }
    const [first = '', ...others] = lists;
    expect(first.trimEnd().split('\n')).toHaveLength(60);
    expect(first).toContain('error DPS_429001, status 429');
    expect(first).toContain('error DPS_401002, status 401');
    expect(first).toContain('error TPM_RC_');
    expect(first).toContain('error CKR_PIN_INCORRECT');
    expect(others).toEqual([first, first, first]);
  });
});
