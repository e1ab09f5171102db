import { describe, expect, it } from 'vitest';
import {
  attestationKinds,
  type CellAxes,
  clientKinds,
  edgeVersions,
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
    { attestation: 'tpm', keyStore: 'softhsm' },
    { fault: 'cn-mismatch' },
    { fault: 'unknown-id', enrollment: 'group' },
    { fault: 'wrong-pin' },
    { keyAlgorithm: 'rsa-2048' },
    { fault: 'expired-sas', client: 'azure-sdk' },
    { fault: 'foreign-challenge', attestation: 'tpm', keyStore: 'swtpm', client: 'azure-sdk' },
  ] satisfies Partial<CellAxes>[])('gives a reason for %o', (changes) => {
    expect(impossibility({ ...honest, ...changes })).toMatch(/\w+ \w+/);
  });

  it.each(['mqtt', 'mqtt-ws'] as const)('has no TPM over %s, and says from where it knows', (transport) => {
    const cells = possibleCells.filter((cell) => cell.fault === undefined && cell.transport === transport);
    expect(cells.length).toBeGreaterThan(0);
    expect(cells.map(({ attestation }) => attestation)).not.toContain('tpm');
    expect(impossibility({ ...honest, attestation: 'tpm', keyStore: 'swtpm', transport })).toContain(
      'source:',
    );
  });

  it.each(transportKinds)(
    'leaves honest devices every key store over %s, and TPM attestation its TPM',
    (transport) => {
      const names = possibleCells
        .filter((cell) => cell.platform === 'linux' && cell.client !== 'iot-edge')
        .filter((cell) => cell.fault === undefined && cell.transport === transport)
        .map(({ enrollment, attestation, keyStore, client }) =>
          [enrollment, attestation, keyStore, client].join(' '),
        );
      const anywhere = enrollmentKinds.flatMap((enrollment) =>
        ['symmetric-key', 'x509'].flatMap((attestation) =>
          keyStoreKinds.map((keyStore) => [enrollment, attestation, keyStore].join(' ')),
        ),
      );
      const withTpm = transport.startsWith('mqtt') ? [] : ['individual tpm swtpm'];
      const expected = [...anywhere, ...withTpm].flatMap((cell) =>
        clientKinds.filter((client) => client !== 'iot-edge').map((client) => `${cell} ${client}`),
      );
      expect(names.sort()).toEqual(expected.sort());
    },
  );

  it('leaves IoT Edge HTTPS only, and the key stores that its daemons know', () => {
    const ofEdge = possibleCells.filter(({ client, fault }) => client === 'iot-edge' && fault === undefined);
    expect(new Set(ofEdge.map(({ transport }) => transport))).toEqual(new Set(['https']));
    const stores = ofEdge.map(({ platform, attestation, keyStore }) =>
      [platform, attestation, keyStore].join(' '),
    );
    const everywhere = platformKinds.flatMap((platform) => [
      `${platform} symmetric-key software`,
      `${platform} x509 software`,
      `${platform} tpm swtpm`,
    ]);
    expect([...new Set(stores)].sort()).toEqual(
      [...everywhere, 'linux symmetric-key softhsm', 'linux x509 softhsm'].sort(),
    );
  });

  it('has IoT Edge in the releases that there were, and says of the others from where it knows', () => {
    const edge = { ...honest, client: 'iot-edge' } as const;
    const reasons = platformKinds.map((platform) =>
      edgeVersions.map((version) => impossibility({ ...edge, platform, version })),
    );
    const possible = reasons.map((row) => edgeVersions.filter((_, index) => row[index] === undefined));
    expect(possible).toEqual([['1.1', '1.2', '1.3', '1.4', '1.5', '1.6'], ['1.1', '1.4', '1.5'], ['1.1']]);
    for (const reason of reasons.flat()) if (reason !== undefined) expect(reason).toContain('source:');
  });

  it('knows no version of clients that are not IoT Edge', () => {
    expect(impossibility({ ...honest, version: '1.5' })).toContain('not IoT Edge');
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
