import type { Diagnosis, RunResult } from './run-result.ts';

/** Devices that failed for the same reason, under the same code. */
export interface DiagnosisGroup extends Omit<Diagnosis, 'registrationId' | 'cell'> {
  readonly count: number;
  /** A few registrationIds. */
  readonly examples: readonly string[];
}

const EXAMPLES = 5;

/**
 * Most frequent first; the statement is that of the first device.
 *
 * @param cell only the devices of this cell
 */
export function groupDiagnoses(
  { diagnoses = [] }: Pick<RunResult, 'diagnoses'>,
  cell?: string,
): readonly DiagnosisGroup[] {
  const mine = diagnoses.filter((diagnosis) => cell === undefined || diagnosis.cell === cell);
  const groups = Map.groupBy(mine, ({ cause, code }) => `${cause} ${code}`);
  return [...groups.values()]
    .flatMap((members) => {
      const [first] = members;
      if (first === undefined) return [];
      const { registrationId: _id, cell: _cell, ...common } = first;
      const examples = members.slice(0, EXAMPLES).map(({ registrationId }) => registrationId);
      return [{ ...common, count: members.length, examples }];
    })
    .toSorted((a, b) => b.count - a.count);
}

/**
 * How many failed devices nobody has looked into, as others had failed alike: they are counted under their codes.
 *
 * @param cell only the devices of this cell
 */
export function notLookedInto(
  { cells, diagnoses = [] }: Pick<RunResult, 'cells' | 'diagnoses'>,
  cell?: string,
): number {
  const isMine = (name: string): boolean => cell === undefined || name === cell;
  const failed = cells
    .filter(({ name }) => isMine(name))
    .reduce((sum, { outcomes }) => sum + outcomes.ended + outcomes.error, 0);
  return Math.max(0, failed - diagnoses.filter((diagnosis) => isMine(diagnosis.cell)).length);
}

/** What to read and what to run, as a user would type it. */
export const commandsOf = ({
  explain,
  scenario,
}: Pick<Diagnosis, 'explain' | 'scenario'>): readonly string[] => [
  `dps-rig explain ${explain}`,
  ...(scenario === null ? [] : [`dps-rig run ${scenario.split(' ')[0] ?? scenario}`]),
];
