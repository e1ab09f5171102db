import { describe, expect, it } from 'vitest';
import {
  attestationKinds,
  type CellAxes,
  clientKinds,
  enrollmentKinds,
  expectedOfFault,
  faultKinds,
  impossibility,
  keyStoreKinds,
  platformKinds,
  transportKinds,
} from './schemas.ts';

const everyCell: readonly CellAxes[] = platformKinds.flatMap((platform) =>
  enrollmentKinds.flatMap((enrollment) =>
    attestationKinds.flatMap((attestation) =>
      keyStoreKinds.flatMap((keyStore) =>
        transportKinds.flatMap((transport) =>
          clientKinds.flatMap((client) => {
            const cell = { platform, enrollment, attestation, keyStore, transport, client };
            return [cell, ...faultKinds.map((fault) => ({ ...cell, fault }))];
          }),
        ),
      ),
    ),
  ),
);
const possibleCells = everyCell.filter((cell) => impossibility(cell) === undefined);

describe('impossibility', () => {
  const honest: CellAxes = {
    platform: 'linux',
    enrollment: 'individual',
    attestation: 'symmetric-key',
    keyStore: 'software',
    transport: 'https',
    client: 'native',
  };

  it.each([
    { attestation: 'tpm', keyStore: 'swtpm', enrollment: 'group' },
    { attestation: 'tpm', keyStore: 'software' },
    { attestation: 'x509', keyStore: 'swtpm' },
    { fault: 'cn-mismatch' },
    { fault: 'unknown-id', enrollment: 'group' },
    { fault: 'expired-sas', client: 'azure-sdk' },
    { fault: 'foreign-challenge', attestation: 'tpm', keyStore: 'swtpm', client: 'azure-sdk' },
  ] satisfies Partial<CellAxes>[])('gives a reason for %o', (changes) => {
    expect(impossibility({ ...honest, ...changes })).toMatch(/\w+ \w+/);
  });

  it.each(transportKinds)('leaves exactly the cells of honest devices that %s can carry', (transport) => {
    const names = possibleCells
      .filter((cell) => cell.fault === undefined && cell.transport === transport)
      .map(({ enrollment, attestation, client }) => `${enrollment} ${attestation} ${client}`);
    expect(names.sort()).toEqual([
      'group symmetric-key azure-sdk',
      'group symmetric-key native',
      'group x509 azure-sdk',
      'group x509 native',
      'individual symmetric-key azure-sdk',
      'individual symmetric-key native',
      ...(transport.startsWith('mqtt') ? [] : ['individual tpm azure-sdk', 'individual tpm native']),
      'individual x509 azure-sdk',
      'individual x509 native',
    ]);
  });

  it('leaves every fault a cell in which it can be made', () => {
    const made = new Set(possibleCells.map(({ fault }) => fault));
    expect(faultKinds.filter((fault) => !made.has(fault))).toEqual([]);
  });
});

describe('expectedOfFault', () => {
  it('knows what must come of every fault in every cell in which it can be made', () => {
    for (const cell of possibleCells) {
      if (cell.fault === undefined) continue;
      const { result, status, code } = expectedOfFault(cell.fault, cell);
      expect(result).toMatch(/^(disabled|failed|refused)$/);
      if (result === 'refused') expect(status ?? code).toBeDefined();
    }
  });
});
