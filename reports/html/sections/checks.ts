import { oracleChecks, scenarioChecks } from '../../checks.ts';
import { markup } from '../../markup.ts';
import type { Check, RunResult } from '../../run-result.ts';
import { toneSymbols } from '../../verdict.ts';
import { renderMark, renderTable } from '../table.ts';
import type { Section } from './section.ts';

/** What was demanded of the run and what was seen; broken ones first. */
export function checksSection(result: RunResult): Section | undefined {
  const all = [...scenarioChecks(result), ...oracleChecks(result)];
  if (all.length === 0) return undefined;
  const checks = all.toSorted((a, b) => Number(a.passed) - Number(b.passed));
  const rows = checks.map((check) => {
    const tone = check.passed ? 'good' : 'bad';
    const mark = renderMark(tone, toneSymbols[tone], check.passed ? 'held' : 'did not hold');
    const remark = check.detail === null ? undefined : markup`<p class="remark">${check.detail}</p>`;
    return [
      markup`${mark}${check.name}`,
      markup`<span class="seen ${tone}">${check.actual}</span>${remark}`,
      kindNames[check.kind],
    ];
  });
  const columns = [{ title: 'Check' }, { title: 'Seen' }, { title: 'Judges' }];
  return {
    id: 'checks',
    title: 'Checks',
    shortTitle: 'Checks',
    content: renderTable('Checks and what was seen', columns, rows),
  };
}

const kindNames = {
  expectation: 'correctness, by the scenario',
  oracle: 'correctness, by the registry',
  threshold: 'performance',
} as const satisfies Record<Check['kind'], string>;
