import { checksOfCell } from './checks.ts';
import { formatCount } from './figures.ts';
import type { CellResult, Check, RunResult } from './run-result.ts';
import { plural } from './text.ts';
import type { Tone } from './verdict.ts';

/** What a cell came to, in one word and one sentence. */
export interface CellJudgement {
  readonly kind: 'passed' | 'failed' | 'incomplete' | 'not-possible';
  readonly tone: Tone;
  readonly reason: string;
}

/**
 * Judges one cell. Checks that name the cell decide; without any, a cell passes when every device was assigned, or
 * when the run's correctness held although some were not (the scenario wanted those refusals).
 */
export function judgeCell(cell: CellResult, result: RunResult): CellJudgement {
  if (cell.notPossible !== null) return { kind: 'not-possible', tone: 'neutral', reason: cell.notPossible };

  const own = checksOfCell(cell, result);
  const broken = own.filter((check) => !check.passed);
  if (broken.length > 0) {
    return { kind: 'failed', tone: 'bad', reason: describeChecks(broken, cell) };
  }

  const { assigned, ended, error, aborted } = cell.outcomes;
  const counted = assigned + ended + error + aborted;
  if (aborted > 0 || counted < cell.devices) {
    const finished = formatCount(assigned + ended + error);
    return {
      kind: 'incomplete',
      tone: 'warning',
      reason: `${finished} of ${plural(cell.devices, 'device')} came to an end`,
    };
  }

  const seen = `${formatCount(assigned)} of ${plural(cell.devices, 'device')} assigned`;
  const reason = own.length > 0 && assigned < cell.devices ? describeChecks(own, cell) : seen;
  const held = own.length > 0 || assigned === cell.devices || result.verdict !== 'correctness-failed';
  return held ? { kind: 'passed', tone: 'good', reason } : { kind: 'failed', tone: 'bad', reason };
}

/** `ends as refused (401 401002): 50 of 50`; the name of the cell is said already. */
function describeChecks(checks: readonly Check[], cell: CellResult): string {
  return checks.map(({ name, actual }) => `${name.replace(`${cell.name} `, '')}: ${actual}`).join('; ');
}

/** Cells that need a look come first; otherwise the order of the scenario stays. */
export function byUrgency(cells: readonly CellResult[], result: RunResult): readonly CellResult[] {
  return cells.toSorted((a, b) => urgency[judgeCell(a, result).kind] - urgency[judgeCell(b, result).kind]);
}

const urgency = { failed: 0, incomplete: 1, passed: 2, 'not-possible': 3 } as const satisfies Record<
  CellJudgement['kind'],
  number
>;

/** Short names for the cells of one run, and what all of them have in common. */
export interface CellNames {
  /** The axes on which the cells do not differ: `linux`, `https`, `native`. */
  readonly common: readonly string[];
  /** The name without what is common; the full name where that would not tell two cells apart. */
  readonly shortName: (cell: CellResult) => string;
}

/** Finds the axes on which the cells differ, so that tables and charts say only what tells the cells apart. */
export function nameCells(cells: readonly CellResult[]): CellNames {
  const rows = cells.map(axesOf);
  const first = rows[0] ?? [];
  const varies = first.map((value, axis) => rows.some((row) => row[axis] !== value));
  const differs = varies.includes(true) ? varies : first.map((_, axis) => axis === ATTESTATION);
  const shorten = (cell: CellResult): string =>
    axesOf(cell)
      .filter((value, axis) => differs[axis] === true && value !== null)
      .join(' / ');

  const shortNames = cells.map(shorten);
  const distinct = new Set(shortNames).size === cells.length && shortNames.every((name) => name !== '');
  if (!distinct) return { common: [], shortName: (cell) => cell.name };
  const common = first.flatMap((value, axis) => (differs[axis] === true || value === null ? [] : [value]));
  return { common, shortName: shorten };
}

// What stands for a cell that is alone.
const ATTESTATION = 2;

function axesOf(cell: CellResult): readonly (string | null)[] {
  return [
    cell.version === undefined ? cell.platform : `${cell.platform}-${cell.version}`,
    cell.enrollment,
    cell.attestation,
    cell.keyStore,
    cell.transport,
    cell.client,
    cell.fault,
  ];
}
