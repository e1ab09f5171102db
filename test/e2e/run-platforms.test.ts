import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createRigProgram, type RigProgram } from '../support/rig-program.ts';

const scenario = (name: string): string =>
  fileURLToPath(new URL(`../../scenarios/platforms/${name}`, import.meta.url));

/** The whole program, on the scenarios of the platforms with fewer devices than they have. */
describe('dps-rig run scenarios/platforms', () => {
  let rig: RigProgram;
  beforeEach(() => {
    rig = createRigProgram();
  });
  afterEach(() => rig[Symbol.asyncDispose]());

  it('eflow-tpm.toml: names each way in which the pass-through of a TPM fails', async () => {
    const ended = await rig.run('run', scenario('eflow-tpm.toml'), '--devices', '40', '--out', rig.out);
    expect(ended).toMatchObject({ exitCode: 0 });
    const { cells, errors, checks } = rig.result();
    expect(errors.map(({ code }) => code).sort()).toEqual([
      'DPS_401000',
      'ECONNREFUSED',
      'EFLOW_BROKER_TIMEOUT',
      'EFLOW_NOTHING_IN_HUB',
      'EFLOW_TPM_NOT_AVAILABLE',
      'EHOSTUNREACH',
    ]);
    for (const { fault, devices, outcomes, notPossible } of cells) {
      if (notPossible !== null) continue;
      expect(outcomes.assigned).toBe(fault === null ? devices : 0);
    }
    const late = cells.filter(({ fault }) => fault === 'eflow-clock-late');
    expect(late.map(({ version, notPossible }) => [version, notPossible === null])).toEqual([
      ['1.1', false],
      ['1.4', true],
      ['1.5', true],
    ]);
    expect(checks.filter(({ passed }) => !passed)).toEqual([]);
  });

  it('mixed-fleet.toml: has every platform, version, attestation, key store, transport and client', async () => {
    const ended = await rig.run('run', scenario('mixed-fleet.toml'), '--devices', '480', '--out', rig.out);
    expect(ended).toMatchObject({ exitCode: 0 });
    const { cells, outcomes, devices } = rig.result();
    expect(outcomes).toMatchObject({ assigned: devices });
    const made = cells.filter((cell) => cell.devices > 0);
    const valuesOf = (axis: (cell: (typeof made)[number]) => string | undefined): string[] =>
      [...new Set(made.map(axis))].filter((value) => value !== undefined).sort();
    expect(valuesOf(({ platform }) => platform)).toEqual(['eflow', 'linux', 'windows']);
    expect(valuesOf(({ version }) => version)).toEqual(['1.1', '1.2', '1.3', '1.4', '1.5', '1.6']);
    expect(valuesOf(({ attestation }) => attestation)).toEqual(['symmetric-key', 'tpm', 'x509']);
    expect(valuesOf(({ enrollment }) => enrollment)).toEqual(['group', 'individual', 'manual']);
    expect(valuesOf(({ keyStore }) => keyStore)).toEqual(['softhsm', 'software', 'swtpm']);
    expect(valuesOf(({ transport }) => transport)).toEqual(['amqp', 'amqp-ws', 'https', 'mqtt', 'mqtt-ws']);
    expect(valuesOf(({ client }) => client)).toEqual(['azure-sdk', 'iot-edge', 'native']);
  });
});
