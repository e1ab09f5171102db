import { describe, expect, it } from 'vitest';
import type { DeviceResult } from '../../simulators/index.ts';
import { serializeError, TpmResponseError } from '../../simulators/kernel/errors.ts';
import { makeOutcome, refusedWith } from '../testing/outcomes.ts';
import { planOfEntry } from '../testing/plans.ts';
import { checkExpectations } from './expectations.ts';

const disabled: DeviceResult = { kind: 'ended', status: 'disabled', message: 'disabled' };
const lost: DeviceResult = { kind: 'error', error: serializeError(new TypeError('a bug of ours')) };
const tpmRefused: DeviceResult = {
  kind: 'error',
  error: serializeError(
    new TpmResponseError({
      responseCode: 0x101,
      responseName: 'TPM_RC_FAILURE',
      command: 'TPM2_ActivateCredential',
    }),
  ),
};

function checkOf(entry: string, result?: DeviceResult) {
  const plan = planOfEntry(`devices = 1\n${entry}`);
  return checkExpectations(plan, [makeOutcome(result === undefined ? {} : { result })])[0];
}

describe('checkExpectations', () => {
  it.each<[string, DeviceResult | undefined, boolean]>([
    ['attestation = "x509"', undefined, true],
    ['attestation = "x509"', refusedWith(401, 401_002), false],
    ['attestation = "x509"', { kind: 'aborted' }, false],
    // What the fault documents.
    ['attestation = "x509"\nfault = "wrong-key"', refusedWith(401, 401_002), true],
    ['attestation = "x509"\nfault = "wrong-key"', refusedWith(401, 401_000), false],
    ['attestation = "x509"\nfault = "wrong-key"', undefined, false],
    ['attestation = "x509"\nfault = "wrong-key"', lost, false],
    ['attestation = "symmetric-key"\nfault = "wrong-key"', refusedWith(401, 401_000), true],
    [
      'attestation = "symmetric-key"\nenrollment = "group"\nfault = "wrong-key"',
      refusedWith(401, 401_002),
      true,
    ],
    ['attestation = "tpm"\nfault = "unknown-id"', refusedWith(404, 404_201), true],
    ['attestation = "tpm"\nfault = "foreign-challenge"', tpmRefused, true],
    ['attestation = "tpm"\nfault = "foreign-challenge"', refusedWith(401, 401_002), false],
    ['attestation = "x509"\nfault = "disabled-enrollment"', disabled, true],
    ['attestation = "x509"\nfault = "disabled-enrollment"', refusedWith(401, 401_002), false],
    // What the scenario says goes before it.
    ['attestation = "x509"\nexpect = { result = "disabled" }', disabled, true],
    ['attestation = "x509"\nexpect = { result = "failed" }', disabled, false],
    [
      'attestation = "x509"\nexpect = { result = "refused", errorCode = 401002 }',
      refusedWith(401, 401_002),
      true,
    ],
    ['attestation = "x509"\nexpect = { result = "refused", status = 404 }', refusedWith(401, 401_002), false],
    ['attestation = "x509"\nfault = "wrong-key"\nexpect = { result = "assigned" }', undefined, true],
  ])('with %j and %j says %s', (entry, result, passed) => {
    expect(checkOf(entry, result)?.passed).toBe(passed);
  });

  it('takes what the official SDK hides as unknown, and what it tells as it is', () => {
    const entry = 'attestation = "x509"\nclient = "azure-sdk"\nfault = "wrong-key"';
    expect(checkOf(entry, tpmRefused)?.passed).toBe(true);
    expect(checkOf(entry, refusedWith(404, 404_201))?.passed).toBe(false);
  });

  it('names cell, expectation and the first device that ended otherwise', () => {
    expect(checkOf('attestation = "x509"\nfault = "wrong-key"', refusedWith(404, 404_201))).toMatchObject({
      kind: 'expectation',
      name: 'linux/individual/x509/software/https/native/wrong-key ends as refused (401 401002)',
      cell: 'linux/individual/x509/software/https/native/wrong-key',
      actual: '0 of 1',
      detail: 'device-0: DPS_404201: Unauthorized',
    });
  });

  it('fails a cell whose devices did not all report', () => {
    const plan = planOfEntry('devices = 2\nattestation = "x509"');
    expect(checkExpectations(plan, [makeOutcome(), undefined])).toMatchObject([
      { passed: false, actual: '1 of 2' },
    ]);
  });

  it('judges no cell that cannot be', () => {
    const plan = planOfEntry('devices = 1\nattestation = "tpm"\nenrollment = ["individual", "group"]');
    expect(checkExpectations(plan, [makeOutcome()])).toHaveLength(1);
  });
});
