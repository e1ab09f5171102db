/** One line of the bench table. */
export interface Row {
  readonly suite: string;
  readonly what: string;
  /** The figure with its unit, e.g. `1.52 ms CPU`. */
  readonly figure: string;
  /** Its yardstick, measured in the same run. */
  readonly peer?: string;
  readonly ratio?: number;
  /** e.g. `<= 1.25`. */
  readonly goal?: string;
  readonly met?: boolean;
}

/** A suite measures one part of the product and returns its rows. */
export type Suite = (options: SuiteOptions) => Promise<readonly Row[]>;

export interface SuiteOptions {
  /** Measurements per variant; the median counts. */
  readonly rounds: number;
  /** Tells a person what is going on. */
  readonly log: (line: string) => void;
}

/** The table as Markdown, so that it can be pasted as it is. */
export function renderRows(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.suite,
    row.what,
    row.figure,
    row.peer ?? '',
    row.ratio === undefined ? '' : row.ratio.toFixed(2),
    row.goal === undefined ? '' : `${row.goal} ${row.met === true ? '✓' : '✗'}`,
  ]);
  const header = ['suite', 'what', 'figure', 'peer in the same run', 'ratio', 'goal'];
  const line = (columns: readonly string[]): string => `| ${columns.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...cells.map(line)].join('\n');
}
