import { describe, expect, it } from 'vitest';
import { layOutGrid } from './cell-grid.ts';
import { buildCell, buildRunResult, noOutcomes } from './testing/build-run-result.ts';
import { buildFailedRun, buildWideMatrixRun } from './testing/run-result-fixtures.ts';

describe('layOutGrid', () => {
  it('leaves out a grid whose cells all talk in the same way', () => {
    expect(layOutGrid(buildRunResult())).toBeUndefined();
  });

  it('has one row for each attestation, enrollment and key store, one column for each transport and client', () => {
    const cells = ['https', 'mqtt'].flatMap((transport) =>
      ['native', 'azure-sdk'].flatMap((client) =>
        ['individual', 'group'].map((enrollment) => buildCell({ transport, client, enrollment })),
      ),
    );
    const grid = layOutGrid(buildRunResult({ cells }));
    expect(grid?.transports).toEqual([
      { transport: 'https', clients: ['native', 'azure-sdk'] },
      { transport: 'mqtt', clients: ['native', 'azure-sdk'] },
    ]);
    expect(grid?.rows.map(({ name }) => name)).toEqual([
      'symmetric-key / individual / software',
      'symmetric-key / group / software',
    ]);
    for (const { squares } of grid?.rows ?? [])
      expect(squares.map((square) => square?.assigned)).toEqual([100, 100, 100, 100]);
  });

  it('leaves a square empty for which the scenario has no cell', () => {
    const cells = [buildCell(), buildCell({ transport: 'mqtt', attestation: 'x509' })];
    const squares = layOutGrid(buildRunResult({ cells }))?.rows.map((row) =>
      row.squares.map((square) => square?.devices),
    );
    expect(squares).toEqual([
      [100, undefined],
      [undefined, 100],
    ]);
  });

  it('carries why a square is not possible, each reason once', () => {
    const grid = layOutGrid(buildFailedRun());
    expect(grid?.reasons).toEqual(['DPS offers no TPM attestation over MQTT']);
    expect(grid?.rows.at(-1)?.squares.at(-1)).toMatchObject({
      judgement: { kind: 'not-possible' },
      reason: 0,
    });
  });

  it('judges a square by the cell that needs a look most', () => {
    const cells = [
      buildCell(),
      buildCell({ fault: 'throttled', outcomes: { ...noOutcomes, assigned: 90, error: 10 } }),
      buildCell({ transport: 'mqtt' }),
    ];
    const result = buildRunResult({ cells, checks: [], verdict: 'correctness-failed' });
    const [square] = layOutGrid(result)?.rows[0]?.squares ?? [];
    expect(square).toMatchObject({ judgement: { kind: 'failed' }, devices: 200, assigned: 190 });
  });

  it('loses no device of a wide matrix', () => {
    const result = buildWideMatrixRun();
    const squares = layOutGrid(result)?.rows.flatMap((row) => row.squares) ?? [];
    expect(squares.reduce((sum, square) => sum + (square?.devices ?? 0), 0)).toBe(result.devices);
  });
});
