import { describe, expect, it } from 'vitest';
import { byUrgency, judgeCell, nameCells } from './cells.ts';
import { buildCell, buildCheck, buildRunResult, noOutcomes } from './testing/build-run-result.ts';
import { buildFailedRun, buildWideMatrixRun } from './testing/run-result-fixtures.ts';

const refused = buildCell({ outcomes: { ...noOutcomes, error: 100 } });

describe('judgeCell', () => {
  it('passes a cell whose devices were all assigned', () => {
    expect(judgeCell(buildCell(), buildRunResult()).kind).toBe('passed');
  });

  it('fails a cell with refused devices when correctness failed', () => {
    const result = buildRunResult({ cells: [refused], checks: [], verdict: 'correctness-failed' });
    expect(judgeCell(refused, result).kind).toBe('failed');
  });

  it('passes a cell whose refusals the scenario wanted', () => {
    const result = buildRunResult({ cells: [refused], checks: [], verdict: 'passed' });
    expect(judgeCell(refused, result).kind).toBe('passed');
  });

  it.each([
    [true, 'passed'],
    [false, 'failed'],
  ])('goes by the check that names the cell: held is %s, cell is %s', (passed, kind) => {
    const check = buildCheck({ kind: 'expectation', cell: refused.name, passed });
    const result = buildRunResult({ cells: [refused], checks: [check], verdict: 'correctness-failed' });
    expect(judgeCell(refused, result).kind).toBe(kind);
  });

  it('says what the scenario wanted where that is not assigned', () => {
    const check = buildCheck({
      cell: refused.name,
      name: `${refused.name} ends as refused (401)`,
      actual: '100 of 100',
    });
    const result = buildRunResult({ cells: [refused], checks: [check] });
    expect(judgeCell(refused, result).reason).toBe('ends as refused (401): 100 of 100');
  });

  it.each([
    ['aborted devices', { ...noOutcomes, assigned: 90, aborted: 10 }],
    ['devices that never started', { ...noOutcomes, assigned: 90 }],
  ])('calls a cell with %s incomplete', (_, outcomes) => {
    const cell = buildCell({ outcomes });
    const result = buildRunResult({ cells: [cell], checks: [], verdict: 'interrupted' });
    expect(judgeCell(cell, result).kind).toBe('incomplete');
  });

  it('carries the reason why a cell is not possible', () => {
    const cell = buildCell({ notPossible: 'no TPM over MQTT' }, 0);
    expect(judgeCell(cell, buildRunResult({ cells: [cell] }))).toMatchObject({
      kind: 'not-possible',
      reason: 'no TPM over MQTT',
    });
  });
});

describe('byUrgency', () => {
  it('puts failed cells first, impossible ones last, and keeps the order otherwise', () => {
    const result = buildFailedRun();
    const kinds = byUrgency(result.cells, result).map((cell) => judgeCell(cell, result).kind);
    expect(kinds).toEqual(['failed', 'failed', 'passed', 'not-possible']);
  });
});

describe('nameCells', () => {
  it('names cells by the axes on which they differ', () => {
    const cells = [buildCell({ attestation: 'x509' }), buildCell({ attestation: 'tpm', keyStore: 'swtpm' })];
    const { common, shortName } = nameCells(cells);
    expect(cells.map(shortName)).toEqual(['x509 / software', 'tpm / swtpm']);
    expect(common).toEqual(['linux', 'individual', 'https', 'native']);
  });

  it('leaves a fault out where there is none', () => {
    const cells = [buildCell(), buildCell({ fault: 'throttled', attestation: 'x509' })];
    expect(cells.map(nameCells(cells).shortName)).toEqual(['symmetric-key', 'x509 / throttled']);
  });

  it('names a single cell by its attestation', () => {
    const cell = buildCell({ attestation: 'tpm' });
    expect(nameCells([cell]).shortName(cell)).toBe('tpm');
  });

  it('falls back to full names where short ones would be the same', () => {
    const cells = [buildCell({ name: 'first' }), buildCell({ name: 'second' })];
    expect(cells.map(nameCells(cells).shortName)).toEqual(['first', 'second']);
  });

  it('keeps 200 cells apart', () => {
    const { cells } = buildWideMatrixRun();
    expect(new Set(cells.map(nameCells(cells).shortName)).size).toBe(200);
  });
});
