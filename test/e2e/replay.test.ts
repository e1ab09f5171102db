import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRigProgram, type RigProgram } from '../support/rig-program.ts';

const mixedFaults = fileURLToPath(new URL('../../scenarios/load/mixed-faults.toml', import.meta.url));

const cellOf = (bundle: string): string =>
  (JSON.parse(readFileSync(join(bundle, 'bundle.json'), 'utf8')) as { readonly cell: string }).cell;

describe('bundles of a run of 1,000 devices, 50 of which fail', () => {
  let rig: RigProgram;
  let bundles: readonly string[];
  beforeAll(async () => {
    rig = createRigProgram();
    const { exitCode, stderr } = await rig.run('run', mixedFaults, '--out', rig.out, '--quiet');
    expect(exitCode, stderr).toBe(0);
    const directory = join(rig.out, 'bundles');
    bundles = readdirSync(directory)
      .toSorted()
      .map((name) => join(directory, name));
  });
  afterAll(() => rig[Symbol.asyncDispose]());

  it('are there, one for each device that failed, for their user only and without a secret', () => {
    expect(rig.result().outcomes).toMatchObject({ assigned: 950, ended: 6, error: 44 });
    expect(bundles).toHaveLength(50);
    for (const bundle of bundles) {
      expect(statSync(bundle).mode & 0o777).toBe(0o700);
      const files = readdirSync(bundle);
      expect(files).toContain('bundle.json');
      expect(files).toContain('wire.jsonl');
      expect(files.includes('tpm-state.bin')).toBe(cellOf(bundle).includes('/tpm/'));
      for (const file of files) {
        expect(statSync(join(bundle, file)).mode & 0o777).toBe(0o600);
        const text = readFileSync(join(bundle, file), 'latin1');
        expect(text).not.toMatch(/sig=(?!\(redacted\))/);
        expect(text).not.toContain('PRIVATE KEY');
        expect(text).not.toMatch(/pin-value/i);
      }
    }
  });

  it('end as they did in 20 of 20 replays, whatever made them fail', async () => {
    const byCell = Map.groupBy(bundles, cellOf);
    const rounds = [0, 1].flatMap((round) => [...byCell.values()].flatMap((ofCell) => ofCell[round] ?? []));
    const chosen = rounds.slice(0, 20);
    expect(chosen).toHaveLength(20);
    expect(new Set(chosen.map(cellOf)).size).toBe(byCell.size);
    const { exitCode, stdout, stderr } = await rig.run('replay', ...chosen);
    expect(stdout, stderr).toContain('20 of 20 reproduced');
    expect(exitCode).toBe(0);
    expect(readdirSync(rig.temporary)).toEqual([]);
  });

  it('say so where a device ends otherwise, with exit code 4', async () => {
    const bundle = bundles.find((one) => cellOf(one).endsWith('/tpm-remade')) ?? expect.unreachable();
    const file = join(bundle, 'bundle.json');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, before.replace(/"fault": \[[^\]]*"tpm-remade"[^\]]*\]/, '"fault": ["srk-missing"]'));
    const { exitCode, stdout } = await rig.run('replay', bundle);
    writeFileSync(file, before);
    expect(stdout).toContain('ended otherwise');
    expect(stdout).toContain('in the run: error DPS_401002, status 401');
    expect(exitCode).toBe(4);
  });

  it('show the device step by step, on every layer that it has', async () => {
    const tpm = bundles.find((one) => cellOf(one).endsWith('/foreign-challenge')) ?? expect.unreachable();
    const traced = await rig.run('trace', tpm);
    expect(traced.stdout).toMatch(/tpm {6}TPM2_ActivateCredential: TPM_RC_/);
    expect(traced.stdout).toMatch(/keyHandle: 0x81010001/);
    expect(traced.stdout).toMatch(/http {5}> PUT \/0ne/);
    const token = bundles.find((one) => cellOf(one).endsWith('/wrong-pin')) ?? expect.unreachable();
    const calls = await rig.run('trace', token, '--layer', 'pkcs11', '--json');
    const texts = calls.stdout
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { text: string }).text);
    expect(texts).toContain('C_Login: CKR_PIN_INCORRECT');
  });

  it('are refused by file and key when they are damaged', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'dps-rig-bundle-'));
    try {
      writeFileSync(join(directory, 'bundle.json'), '{ "format": "dps-rig-bundle", "version": 7 }');
      const newer = await rig.run('replay', directory);
      expect(newer.exitCode).toBe(2);
      expect(newer.stderr).toContain(`${join(directory, 'bundle.json')}: version`);
      writeFileSync(join(directory, 'bundle.json'), '{');
      const half = await rig.run('trace', directory);
      expect(half.exitCode).toBe(2);
      expect(half.stderr).toContain('bundle.json is not JSON');
      const absent = await rig.run('replay', join(directory, 'nothing'));
      expect(absent.exitCode).toBe(2);
      expect(absent.stderr).toContain('cannot be read (ENOENT)');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('dps-rig trace of a scenario', () => {
  it('runs one device of it, over any transport, and tells its messages', async () => {
    await using rig = createRigProgram();
    const fleet = (transport: string) =>
      `[[fleet]]\ndevices = 2\nattestation = "symmetric-key"\ntransport = "${transport}"\n`;
    const scenario = rig.scenario(
      `name = "t"\n[endpoint]\nkind = "emulator"\nretryAfterSeconds = 0\n${fleet('mqtt')}${fleet('amqp')}`,
    );
    const mqtt = await rig.run('trace', scenario, '--device', '0');
    expect(mqtt.stdout, mqtt.stderr).toMatch(/^rig-\w+-sym-000000 .*: assigned/);
    expect(mqtt.stdout).toMatch(/mqtt {5}> CONNECT rig-/);
    expect(mqtt.stdout).toMatch(/mqtt {5}< PUBLISH \$dps\/registrations\/res\/202/);
    expect(mqtt.stdout).toContain('sig=(redacted)');
    const amqp = await rig.run('trace', scenario, '--device', '1', '--layer', 'amqp');
    expect(amqp.stdout, amqp.stderr).toContain('iotdps-operation-type: iotdps-register');
    expect(amqp.stdout).toContain('body.status: assigning');
    const nobody = await rig.run('trace', scenario, '--device', '4');
    expect(nobody.exitCode).toBe(2);
    expect(nobody.stderr).toContain('has no device 4');
    expect(existsSync(rig.out)).toBe(false);
  });
});
