import { errorsAreWanted, oracleChecks } from './checks.ts';
import { formatCount, formatMs, formatRate } from './figures.ts';
import type { RunResult } from './run-result.ts';
import { plural } from './text.ts';

/** How a thing went, for symbols and colours. */
export type Tone = 'good' | 'bad' | 'warning' | 'neutral';

export const toneSymbols = { good: '✓', bad: '✗', warning: '!', neutral: '–' } as const satisfies Record<
  Tone,
  string
>;

interface VerdictText {
  readonly label: string;
  readonly tone: Tone;
  readonly meaning: string;
}

const verdictTexts = {
  passed: {
    label: 'Passed',
    tone: 'good',
    meaning: 'Every expectation and threshold held.',
  },
  'correctness-failed': {
    label: 'Failed: correctness',
    tone: 'bad',
    meaning:
      'An expectation or the oracle did not hold: a device is not where it should be, or did not do what it should.',
  },
  'performance-failed': {
    label: 'Failed: performance',
    tone: 'bad',
    meaning: 'Nothing is wrong with what the devices did, but a threshold did not hold.',
  },
  interrupted: {
    label: 'Interrupted',
    tone: 'warning',
    meaning: 'The run was stopped before its end; the figures cover what had happened until then.',
  },
} as const satisfies Record<RunResult['verdict'], VerdictText>;

/** The verdict in words, the same in every format; it claims no more than was checked. */
export function describeVerdict(result: RunResult): VerdictText {
  const text = verdictTexts[result.verdict];
  if (result.verdict !== 'passed') return text;
  if (result.checks.length === 0) {
    const meaning = 'The run came to its end, but the scenario asked for no check, so that is all it says.';
    return { label: 'Passed, nothing checked', tone: 'warning', meaning };
  }
  const oracle = oracleChecks(result).length > 0 ? ' The oracle found every device where it should be.' : '';
  const wanted =
    errorsAreWanted(result) && result.outcomes.assigned < result.devices
      ? ' Devices that were not assigned were not meant to be.'
      : '';
  return { ...text, meaning: `${text.meaning}${oracle}${wanted}` };
}

/** `1,000 of 1,000 devices assigned in 8.43 s, 119 per second`. */
export function headline(result: RunResult): string {
  if (result.devices === 0) return 'No device took part in this run';
  const assigned = `${formatCount(result.outcomes.assigned)} of ${plural(result.devices, 'device')} assigned`;
  return `${assigned} in ${formatMs(result.durationMs)}, ${formatRate(result.assignedPerSecond)} per second`;
}
