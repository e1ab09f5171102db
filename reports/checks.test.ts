import { describe, expect, it } from 'vitest';
import { commonActual, errorsAreWanted, oracleChecks, scenarioChecks } from './checks.ts';
import {
  buildCell,
  buildCellCheck,
  buildCheck,
  buildOracleChecks,
  buildRunResult,
} from './testing/build-run-result.ts';
import { runResultFixtures } from './testing/run-result-fixtures.ts';

const cells = [buildCell(), buildCell({ attestation: 'x509' }), buildCell({ attestation: 'tpm' })];
const [first, second, third] = cells.map((cell) => buildCellCheck(cell));

describe('scenarioChecks', () => {
  it('sums up the cells that do as they must', () => {
    const result = buildRunResult({ cells });
    expect(scenarioChecks(result).filter(({ cell }) => cell !== undefined)).toEqual([]);
    expect(scenarioChecks(result)).toContainEqual(
      expect.objectContaining({ passed: true, actual: '3 of 3 cells' }),
    );
  });

  it('lists each cell that does not, and fails the sum', () => {
    const checks = [first, second, third].flatMap((check) => check ?? []);
    const broken = checks.map((check, index) => ({ ...check, passed: index !== 1 }));
    const shown = scenarioChecks(buildRunResult({ cells, checks: broken }));
    expect(shown.map(({ passed, actual }) => [passed, actual])).toEqual([
      [false, '2 of 3 cells'],
      [false, '100 of 100'],
    ]);
  });

  it('says nothing of cells when none is judged', () => {
    const checks = [buildCheck()];
    expect(scenarioChecks(buildRunResult({ checks }))).toEqual(checks);
  });

  it('leaves the oracle to itself', () => {
    const result = buildRunResult();
    expect(scenarioChecks(result).map(({ kind }) => kind)).not.toContain('oracle');
    expect(oracleChecks(result)).toHaveLength(3);
  });
});

describe('errorsAreWanted', () => {
  it.each([
    ['refusals', true],
    ['failed', false],
    ['interrupted', false],
  ] as const)('of the %s run: %s', (name, wanted) => {
    expect(errorsAreWanted(runResultFixtures[name]())).toBe(wanted);
  });

  it('does not excuse errors of a run that expected nothing', () => {
    expect(errorsAreWanted(buildRunResult({ checks: [buildCheck({ kind: 'threshold' })] }))).toBe(false);
  });
});

describe('commonActual', () => {
  it('is what all have seen, and nothing where they differ', () => {
    const checks = buildOracleChecks('7 of 7');
    expect(commonActual(checks)).toBe('7 of 7');
    expect(commonActual([...checks, buildCheck({ actual: '8' })])).toBeUndefined();
    expect(commonActual([])).toBeUndefined();
  });
});
