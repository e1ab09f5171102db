import type { OutcomeCounts } from '../../run-result.ts';

/** Colours of the charts, by meaning; their values for light and dark are in page.css. */
export const palette = {
  text: 'var(--chart-text)',
  strongText: 'var(--ink)',
  grid: 'var(--chart-grid)',
  axis: 'var(--chart-axis)',
  surface: 'var(--surface)',
  accent: 'var(--accent)',
  band: 'var(--chart-band)',
  tail: 'var(--chart-tail)',
} as const;

/** Lines that stand side by side in one chart, in this order. */
export const lineColors = [
  'var(--line-1)',
  'var(--line-2)',
  'var(--line-3)',
  'var(--line-4)',
  'var(--line-5)',
] as const;

interface OutcomeText {
  readonly label: string;
  readonly color: string;
  readonly meaning: string;
}

/** How outcomes are named and coloured, everywhere in the page. */
export const outcomeTexts = {
  assigned: {
    label: 'assigned',
    color: 'var(--outcome-assigned)',
    meaning: 'DPS gave the device a hub and a deviceId.',
  },
  ended: {
    label: 'ended',
    color: 'var(--outcome-ended)',
    meaning: 'DPS finished the registration with another status: failed or disabled.',
  },
  error: {
    label: 'error',
    color: 'var(--outcome-error)',
    meaning: 'A request was refused, the connection or the TPM failed, or time ran out.',
  },
  aborted: {
    label: 'aborted',
    color: 'var(--outcome-aborted)',
    meaning: 'The run was stopped before this device came to an end.',
  },
} as const satisfies Record<keyof OutcomeCounts, OutcomeText>;

/** The outcomes in the order in which they are stacked. */
export const outcomeKinds = [
  'assigned',
  'ended',
  'error',
  'aborted',
] as const satisfies readonly (keyof OutcomeCounts)[];

/** Text of axes, the same in all charts. */
export const axisText = { color: palette.text, fontSize: 12 } as const;

/** Rulers of an axis that carries values. */
export const rulers = { lineStyle: { color: palette.grid, width: 1 } } as const;
