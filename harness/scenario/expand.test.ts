import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandMatrix } from './expand.ts';
import { parseScenario } from './load-scenario.ts';

const expand = (fleet: string) => expandMatrix(parseScenario(`name = "s"\n[[fleet]]\n${fleet}`, 's.toml'));

describe('expandMatrix', () => {
  it('names every combination of the axes', () => {
    const cells = expand(
      'devices = 4\nattestation = ["symmetric-key", "x509"]\nclient = ["native", "azure-sdk"]',
    );
    expect(cells.map(({ name, devices }) => [name, devices])).toEqual([
      ['linux/individual/symmetric-key/software/https/native', 1],
      ['linux/individual/symmetric-key/software/https/azure-sdk', 1],
      ['linux/individual/x509/software/https/native', 1],
      ['linux/individual/x509/software/https/azure-sdk', 1],
    ]);
  });

  it('gives IoT Edge a cell for each version, and other clients one without', () => {
    const cells = expand(
      'devices = 4\nattestation = "x509"\nclient = ["native", "iot-edge"]\nversion = ["1.1", "1.5"]',
    );
    expect(cells.map(({ name }) => name)).toEqual([
      'linux/individual/x509/software/https/native',
      'linux-1.1/individual/x509/software/https/iot-edge',
      'linux-1.5/individual/x509/software/https/iot-edge',
    ]);
  });

  it('takes the newest version of the platform where none is given, and every one for all', () => {
    const entry = 'devices = 9\nattestation = "x509"\nclient = "iot-edge"\nplatform = ["eflow", "windows"]';
    expect(expand(entry).map(({ version }) => version)).toEqual(['1.5', '1.1']);
    const all = expand(`${entry}\nversion = "all"`);
    expect(all).toHaveLength(12);
    expect(all.filter(({ devices }) => devices > 0).map(({ name }) => name.split('/')[0])).toEqual([
      'eflow-1.1',
      'eflow-1.4',
      'eflow-1.5',
      'windows-1.1',
    ]);
  });

  it('gives what is left over to the first cells', () => {
    const cells = expand('devices = 5\nattestation = "x509"\nenrollment = ["individual", "group"]');
    expect(cells.map(({ devices }) => devices)).toEqual([3, 2]);
  });

  it('says why a cell cannot be, and gives its devices to the others', () => {
    const cells = expand('devices = 6\nattestation = ["x509", "tpm"]\nenrollment = ["individual", "group"]');
    expect(cells.map(({ devices, notPossible }) => [devices, notPossible])).toEqual([
      [2, undefined],
      [2, undefined],
      [2, undefined],
      [0, 'DPS has no enrollment group for TPM attestation (source: its concepts page)'],
    ]);
  });

  it.each([
    ['attestation = "x509"\nfault = "expired-sas"', 'expired-sas is no mistake of x509 devices'],
    [
      'attestation = "x509"\nfault = "other-ca"\nenrollment = "individual"',
      'other-ca is no mistake of individual',
    ],
    [
      'attestation = "symmetric-key"\nfault = "expired-sas"\nclient = "azure-sdk"',
      'an unmodified SDK cannot be made to do expired-sas',
    ],
  ])('says why the fault is not possible with %j', (entry, reason) => {
    const [cell] = expand(`devices = 1\n${entry}`);
    expect(cell?.devices).toBe(0);
    expect(cell?.notPossible).toContain(reason);
  });

  it('keeps TPM devices in swtpm and the others in software', () => {
    expect(
      expand('devices = 2\nattestation = ["tpm", "symmetric-key"]').map(({ keyStore }) => keyStore),
    ).toEqual(['swtpm', 'software']);
  });

  it('shares all devices over the cells that can be, as evenly as whole numbers allow', () => {
    const someOf = (all: readonly string[]) => fc.subarray([...all], { minLength: 1 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        someOf(['symmetric-key', 'x509', 'tpm']),
        someOf(['native', 'azure-sdk']),
        (devices, attestation, client) => {
          const cells = expand(
            `devices = ${devices}\nattestation = ${JSON.stringify(attestation)}\nclient = ${JSON.stringify(client)}\nenrollment = ["individual", "group"]`,
          );
          const shares = cells
            .filter(({ notPossible }) => notPossible === undefined)
            .map((cell) => cell.devices);
          expect(cells.reduce((sum, cell) => sum + cell.devices, 0)).toBe(devices);
          expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});
