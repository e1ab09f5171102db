import { formatCount } from './figures.ts';
import type { CellResult, Check, RunResult } from './run-result.ts';
import { plural } from './text.ts';

/** The checks that judge the whole fleet against the service's own registry. */
export function oracleChecks(result: RunResult): readonly Check[] {
  return result.checks.filter(({ kind }) => kind === 'oracle');
}

/** The checks that judge one cell. */
export function checksOfCell(cell: CellResult, result: RunResult): readonly Check[] {
  return result.checks.filter((check) => check.cell === cell.name);
}

/**
 * What the scenario asked for, for a person: what is asked of the whole run, then one line for all cells together and
 * those cells that failed. A cell that does as it must needs no line of its own; it has one among the cells.
 */
export function scenarioChecks(result: RunResult): readonly Check[] {
  const asked = result.checks.filter(({ kind }) => kind !== 'oracle');
  const ofRun = asked.filter(({ cell }) => cell === undefined);
  const ofCells = asked.filter(({ cell }) => cell !== undefined);
  if (ofCells.length === 0) return ofRun;
  const broken = ofCells.filter(({ passed }) => !passed);
  const together: Check = {
    kind: 'expectation',
    name: 'every cell ends as the scenario expects',
    passed: broken.length === 0,
    actual: `${formatCount(ofCells.length - broken.length)} of ${plural(ofCells.length, 'cell')}`,
    detail: null,
  };
  return [...ofRun, together, ...broken];
}

/** Whether the errors of a run are refusals that the scenario wants: expectations were put, and all held. */
export function errorsAreWanted({ checks, verdict }: RunResult): boolean {
  const correct = verdict === 'passed' || verdict === 'performance-failed';
  return correct && checks.some(({ kind }) => kind === 'expectation');
}

/** What every check of a list has seen alike; nothing where they differ. */
export function commonActual(checks: readonly Check[]): string | undefined {
  const actual = checks[0]?.actual;
  return checks.every((check) => check.actual === actual) ? actual : undefined;
}
