import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CauseName } from '../../harness/diagnose/table.ts';
import type { Diagnosis } from '../../reports/run-result.ts';
import { startDps } from '../../simulators/index.ts';
import type { FaultKind } from '../../simulators/schemas.ts';
import { createRigProgram, type RigProgram } from '../support/rig-program.ts';

/** Attestation, enrollment, and what is wrong. */
type Device = readonly [
  'symmetric-key' | 'x509' | 'tpm',
  'individual' | 'group',
  FaultKind,
  ...rest: readonly unknown[],
];
type Member = readonly [Device[0], Device[1], FaultKind, CauseName, RegExp];

/** Two ways to the same code: rows of the failure catalogue, the code, and the devices. */
const pairs: readonly (readonly [string, string, Member, Member])[] = [
  [
    'K1 and K2: what was done to the key of the group',
    'DPS_401002',
    ['symmetric-key', 'group', 'key-derived-twice', 'key-derived-twice', /^key = derive\(derive\(/],
    ['symmetric-key', 'group', 'key-not-derived', 'key-not-derived', /itself, not with one derived/],
  ],
  [
    'K3: two mistakes in signing',
    'DPS_401000',
    ['symmetric-key', 'individual', 'sas-not-encoded', 'sas-not-encoded', /over the resource as it is/],
    ['symmetric-key', 'individual', 'sas-without-newline', 'sas-without-line-feed', /without the line feed/],
  ],
  [
    'K3: an expiry that is none, and one that has passed',
    'DPS_401000',
    ['symmetric-key', 'individual', 'sas-life-for-expiry', 'sas-life-for-expiry', /se=3600, which is 1970/],
    ['symmetric-key', 'individual', 'expired-sas', 'sas-expired', /the device's clock is right/],
  ],
  [
    'K8: a clock that is late, and a token that was changed',
    'DPS_401000',
    ['symmetric-key', 'individual', 'clock-two-hours-late', 'clock-behind', /2 h behind the service's Date/],
    ['symmetric-key', 'individual', 'tampered-token', 'sas-altered', /has the enrolled key/],
  ],
  [
    'a key that is not enrolled, and a VM whose clock stood still',
    'DPS_401000',
    [
      'symmetric-key',
      'individual',
      'wrong-key',
      'key-not-enrolled',
      /enrolled …\w{4} and …\w{4}, the device has …\w{4}/,
    ],
    ['symmetric-key', 'individual', 'eflow-clock-late', 'clock-behind', /behind the service's Date/],
  ],
  [
    'K5: half a key, and half a response of a TPM',
    'CODEC',
    ['symmetric-key', 'individual', 'key-without-padding', 'key-padding', /without its padding/],
    ['tpm', 'individual', 'tpm-response-cut', 'tpm-response-cut', /less than a whole response/],
  ],
  [
    'X1 and X3: another issuer, and a chain with a gap',
    'DPS_401002',
    [
      'x509',
      'group',
      'other-ca',
      'other-authority',
      /the chain of 2 ends at CN=.*unknown test root; enrolled: CN=/,
    ],
    [
      'x509',
      'group',
      'missing-intermediate',
      'chain-incomplete',
      /the chain has 1 of at least 2 certificates/,
    ],
  ],
  [
    'X8 and X12: another name, and a certificate past its end',
    'DPS_401002',
    ['x509', 'group', 'cn-mismatch', 'common-name-differs', /the CN of the certificate is not-/],
    ['x509', 'group', 'expired-certificate', 'certificate-expired', /expired on \d{4}-\d\d-\d\dT/],
  ],
  [
    'X6 and X19: what is enrolled individually',
    'DPS_401002',
    ['x509', 'individual', 'root-enrolled', 'root-enrolled', /the certificate of a CA, CN=/],
    [
      'x509',
      'individual',
      'certificate-rolled',
      'certificate-not-enrolled',
      /enrolled …\w{4}, presented …\w{4}/,
    ],
  ],
  [
    'T1 and T4: a TPM that was made anew, and a client with another template',
    'DPS_401002',
    ['tpm', 'individual', 'tpm-remade', 'tpm-remade', /enrolled …\w{4}, presented …\w{4}; .* re-created/],
    [
      'tpm',
      'individual',
      'ek-of-other-template',
      'ek-of-other-template',
      /from the SDK template .* from the TCG template/,
    ],
  ],
  [
    'another TPM, and another instance',
    'DPS_401002',
    ['tpm', 'individual', 'ek-not-enrolled', 'ek-not-enrolled', /this TPM never had the enrolled one/],
    [
      'tpm',
      'individual',
      'wrong-scope',
      'other-id-scope',
      /registers with idScope 0neFFFFFFFF; this service is 0ne/,
    ],
  ],
  [
    'S9: another instance, and a device that nobody enrolled',
    'DPS_401002',
    ['symmetric-key', 'individual', 'wrong-scope', 'other-id-scope', /registers with idScope 0neFFFFFFFF/],
    ['symmetric-key', 'individual', 'unknown-id', 'enrollment-missing', /there is no enrollment/],
  ],
  [
    'T5 and T6: which handle is taken',
    'TPM_RC_NV_DEFINED',
    ['tpm', 'individual', 'tpm-provisioned-again', 'handles-provisioned', /0x81010001, 0x81000001/],
    ['tpm', 'individual', 'identity-handle-taken', 'identity-handle-taken', /0x81001000/],
  ],
  [
    'T2 and T1: half of an EK, and the EK of another seed',
    'DPS_401002',
    ['tpm', 'individual', 'ek-cut', 'ek-damaged', /presents 100 bytes .* has \d{3} /],
    ['tpm', 'individual', 'tpm-remade', 'tpm-remade', /re-created, after \d{4}-/],
  ],
  [
    'T17 and H3: what fails below a module, and a module without its configuration',
    'CKR_GENERAL_ERROR',
    ['symmetric-key', 'individual', 'login-fails-below', 'token-below-fails', /when the user logs in/],
    ['symmetric-key', 'individual', 'module-unconfigured', 'module-unconfigured', /C_OpenSession fails/],
  ],
  [
    'T13: whose password it is',
    'TPM_RC_BAD_AUTH',
    ['tpm', 'individual', 'owner-password', 'owner-password', /the owner hierarchy has a password/],
    [
      'tpm',
      'individual',
      'endorsement-password',
      'endorsement-password',
      /the endorsement hierarchy has a password/,
    ],
  ],
];

/** Rows whose code has one cause here: they must not be taken for another. */
const alone: readonly Member[] = [
  [
    'tpm',
    'individual',
    'eflow-proxy-closed',
    'tpm-unreachable',
    /not that to the service.*127\.0\.0\.1:2321/,
  ],
  [
    'tpm',
    'individual',
    'usual-handle-taken',
    'usual-handle-taken',
    /finds 0x81000100 taken by the key of another client/,
  ],
  ['tpm', 'individual', 'srk-missing', 'srk-missing', /no key at 0x81000001/],
  ['tpm', 'individual', 'srk-of-firmware', 'srk-changed', /another one than the device told the service/],
  ['tpm', 'individual', 'foreign-challenge', 'ek-of-another-tpm', /the EK of another TPM/],
  ['symmetric-key', 'individual', 'disabled-enrollment', 'enrollment-disabled', /is disabled/],
  ['symmetric-key', 'individual', 'hub-not-linked', 'hub-not-linked', /which is not linked/],
  ['symmetric-key', 'individual', 'webhook-unreachable', 'webhook-fails', /the allocation webhook/],
  ['symmetric-key', 'individual', 'clock-of-1970', 'clock-before-server-certificate', /years behind/],
  [
    'symmetric-key',
    'individual',
    'other-server-root',
    'server-root-not-trusted',
    /comes from CN=.*, the device trusts CN=former root/,
  ],
];

const HEAD = 'name = "why"\n[endpoint]\nkind = "emulator"\nretryAfterSeconds = 0\n';
const QUICK = '[run]\ntimeScale = 0.01\n';

/** Of a key that is in a token. */
const inToken: ReadonlySet<FaultKind> = new Set(['login-fails-below', 'module-unconfigured']);

function entry([attestation, enrollment, fault]: Device): string {
  const platform = fault.startsWith('eflow-') ? 'platform = "eflow"\nclient = "iot-edge"\n' : '';
  const keyStore = inToken.has(fault) ? 'keyStore = "softhsm"\n' : '';
  return `[[fleet]]\ndevices = 1\nattestation = "${attestation}"\nenrollment = "${enrollment}"\nfault = "${fault}"\n${platform}${keyStore}`;
}

describe('the diagnosis of a device that failed', () => {
  let rig: RigProgram;
  beforeEach(() => {
    rig = createRigProgram();
  });
  afterEach(() => rig[Symbol.asyncDispose]());

  const run = async (toml: string, ...options: readonly string[]) => {
    const ended = await rig.run('run', rig.scenario(toml), ...options, '--out', rig.out);
    return { ...ended, diagnoses: rig.result().diagnoses ?? [] };
  };

  it('names the true cause where two causes end under the same code', async () => {
    // Some are in two pairs.
    const named = [...pairs.flatMap(([, , one, other]) => [one, other]), ...alone];
    const members = [...new Map(named.map((member) => [entry(member), member])).values()];
    const honest = '[[fleet]]\ndevices = 3\nattestation = ["symmetric-key", "x509", "tpm"]\n';
    const { exitCode, stdout, stderr, diagnoses } = await run(
      HEAD + QUICK + members.map(entry).join('') + honest,
    );
    expect(exitCode, stdout + stderr).toBe(0);
    expect(diagnoses).toHaveLength(members.length);
    const of = ([attestation, enrollment, fault]: Member): Diagnosis | undefined =>
      diagnoses.find(
        ({ cell }) => cell.includes(`/${enrollment}/${attestation}/`) && cell.endsWith(`/${fault}`),
      );
    for (const member of named) {
      const [, , fault, cause, statement] = member;
      expect(of(member), fault).toMatchObject({
        cause,
        statement: expect.stringMatching(statement) as string,
      });
    }
    for (const [what, code, one, other] of pairs) {
      expect([of(one)?.code, of(other)?.code], what).toEqual([code, code]);
    }
    expect(stdout).toContain('DIAGNOSES');
    // Digests are cut to four digits: nothing as long as a key is told.
    expect(diagnoses.map(({ statement }) => statement).join('\n')).not.toMatch(/[A-Za-z0-9+/]{43}|sig=/);
  });

  it('tells a TPM that hangs from a proxy that hangs', async () => {
    const slow = `${HEAD}[run]\nattemptTimeoutMs = 3000\nretryPolicy = "none"\n[[fleet]]\ndevices = 1\n`;
    const tpm = await run(`${slow}attestation = "tpm"\nfault = "tpm-hangs"\n`);
    const sockets: Socket[] = [];
    const proxy = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    const hung = await run(`${slow}attestation = "tpm"\n`, '--proxy', `http://127.0.0.1:${port}`);
    for (const socket of sockets) socket.destroy();
    proxy.close();
    expect(tpm.diagnoses).toMatchObject([{ code: 'TIMEOUT', cause: 'tpm-hangs', confidence: 'certain' }]);
    expect(hung.diagnoses).toMatchObject([
      { code: 'TIMEOUT', cause: 'connect-hangs', confidence: 'certain' },
    ]);
  });

  it('tells what the service did from what the device did wrong, under the same code', async () => {
    // Waits as they are: a daemon that is told 429 sleeps for a minute.
    const slow = `${HEAD}[run]\nattemptTimeoutMs = 3000\n`;
    const served = (fault: string, more = 'expect = { result = "refused" }'): string =>
      `[[fleet]]\ndevices = 1\nattestation = "symmetric-key"\nserviceFaults = [{ ${fault} }]\n${more}\n`;
    const { diagnoses, stderr, stdout } = await run(
      [
        slow,
        served('kind = "refuse", errorCode = 401000'),
        entry(['symmetric-key', 'individual', 'wrong-key']),
        served('kind = "silence"', 'client = "azure-sdk"\nexpect = { result = "refused" }'),
        served(
          'kind = "throttle", retryAfter = 1, attempts = 1',
          'client = "iot-edge"\nexpect = { result = "refused" }',
        ),
        entry(['symmetric-key', 'group', 'key-not-derived']),
        served('kind = "fail", errorCode = 401002', 'expect = { result = "failed", errorCode = 401002 }'),
      ].join(''),
    );
    const found = diagnoses.map(({ code, cause }) => `${code} ${cause}`).toSorted();
    expect(found, stdout + stderr).toEqual([
      'DPS_401000 key-not-enrolled',
      'DPS_401000 refused-though-right',
      'DPS_401002 hub-refuses-service',
      'DPS_401002 key-not-derived',
      'TIMEOUT service-does-not-answer',
      'TIMEOUT throttle-waited-out',
    ]);
  });

  it('tells nine causes apart that MQTT refuses with the same code', async () => {
    const refused = [
      ['symmetric-key', 'individual', 'wrong-key', 'key-not-enrolled'],
      ['symmetric-key', 'individual', 'expired-sas', 'sas-expired'],
      ['symmetric-key', 'individual', 'wrong-scope', 'other-id-scope'],
      ['symmetric-key', 'individual', 'unknown-id', 'enrollment-missing'],
      ['symmetric-key', 'group', 'key-derived-twice', 'key-derived-twice'],
      ['x509', 'group', 'other-ca', 'other-authority'],
      ['x509', 'group', 'missing-intermediate', 'chain-incomplete'],
      ['x509', 'group', 'expired-certificate', 'certificate-expired'],
      ['x509', 'group', 'cn-mismatch', 'common-name-differs'],
    ] as const;
    const fleet = refused.map(
      ([attestation, enrollment, fault]) => `${entry([attestation, enrollment, fault])}transport = "mqtt"\n`,
    );
    const { exitCode, stdout, stderr, diagnoses } = await run(HEAD + fleet.join(''));
    expect(exitCode, stdout + stderr).toBe(0);
    expect(new Set(diagnoses.map(({ code }) => code))).toEqual(new Set(['DPS_401']));
    const found = diagnoses.map(({ cell, cause }) => `${cell.split('/').at(-1)}: ${cause}`);
    expect(found.toSorted()).toEqual(refused.map(([, , fault, cause]) => `${fault}: ${cause}`).toSorted());
  });

  it('looks into a bounded number of those that fail alike, and into the one that fails for another reason', async () => {
    const failing = (devices: number, fault: FaultKind): string =>
      `[[fleet]]\ndevices = ${devices}\nattestation = "symmetric-key"\nfault = "${fault}"\n`;
    const { exitCode, stdout, stderr, diagnoses } = await run(
      HEAD + failing(600, 'wrong-key') + failing(1, 'disabled-enrollment'),
    );
    expect(exitCode, stdout + stderr).toBe(0);
    const causes = Map.groupBy(diagnoses, ({ cause }) => cause);
    expect([...causes.keys()].toSorted()).toEqual(['enrollment-disabled', 'key-not-enrolled']);
    const alike = causes.get('key-not-enrolled')?.length ?? 0;
    // The first 200 of a run, then 2 of each of its seven ranges; threads may cross that line together.
    expect(diagnoses.length).toBeGreaterThanOrEqual(200);
    expect(diagnoses.length).toBeLessThan(250);
    expect(stdout).toContain(`${600 - alike} more devices not looked into`);
    for (const file of ['junit.xml', 'index.html']) {
      const report = readFileSync(join(rig.out, file), 'utf8');
      expect(report, file).toContain(causes.get('enrollment-disabled')?.[0]?.statement);
      expect(report, file).toContain('not looked into');
    }
  });

  it('asks an emulator that runs already, and finds a mistake that nobody made on purpose', async () => {
    await using dps = await startDps();
    const external = `name = "scope"\n[endpoint]\nkind = "external"\nmanagementUrl = "${dps.management.url}"\nidScope = "0ne00000AAA"\n`;
    const { exitCode, diagnoses } = await run(
      `${external}[[fleet]]\ndevices = 2\nattestation = "symmetric-key"\n`,
    );
    expect(exitCode).toBe(4);
    const statement = `the device registers with idScope 0ne00000AAA; this service is ${dps.idScope}`;
    expect(diagnoses).toMatchObject(Array(2).fill({ cause: 'other-id-scope', statement }));
  });
});
