import type { Evidence } from './evidence.ts';

/**
 * How sure a diagnosis is: `certain` when the evidence allows nothing else, `likely` when it fits and something that
 * would prove it could not be seen, `possible` when it rests on the code alone.
 */
export const confidences = ['certain', 'likely', 'possible'] as const;
export type Confidence = (typeof confidences)[number];

/** What was found, in one sentence with the figures in it, for a person. */
export interface Finding {
  readonly statement: string;
  readonly confidence: Confidence;
}

/** One way to fail, as its evidence shows it. To add one: a file here, its row in `table.ts`. */
export interface FailureCause {
  /** What to ask `dps-rig explain` for. */
  readonly explain: string;
  /** What reproduces it: a scenario, else the fault of the table of faults; `null` where there is none. */
  readonly scenario: string | null;
  readonly fix: string;
  /** Pure; undefined when the evidence does not show this cause. */
  find(evidence: Evidence): Finding | undefined;
}

export const certain = (statement: string): Finding => ({ statement, confidence: 'certain' });
export const likely = (statement: string): Finding => ({ statement, confidence: 'likely' });
export const possible = (statement: string): Finding => ({ statement, confidence: 'possible' });
