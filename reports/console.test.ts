import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { renderConsoleSummary } from './console.ts';
import { columnsOf } from './console-layout.ts';
import { buildRunResult } from './testing/build-run-result.ts';
import { buildFailedRun, buildWideMatrixRun, runResultFixtures } from './testing/run-result-fixtures.ts';

const plain = { color: false, width: 96 } as const;
const fixtures = Object.entries(runResultFixtures);

describe('renderConsoleSummary', () => {
  it.each(fixtures)('keeps the %s run within the width', (_, build) => {
    for (const width of [80, 100]) {
      const lines = renderConsoleSummary(build(), { color: false, width }).split('\n');
      for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(width);
    }
  });

  it.each([
    [20, 80],
    [400, 100],
  ])('lays out for a terminal of %d columns as for %d', (asked, used) => {
    const result = buildFailedRun();
    expect(renderConsoleSummary(result, { color: false, width: asked })).toBe(
      renderConsoleSummary(result, { color: false, width: used }),
    );
  });

  it.each(fixtures)('lets no control character of the %s run reach the terminal', (_, build) => {
    const controls = Array.from(renderConsoleSummary(build(), plain)).filter(
      (character) => character !== '\n' && /\p{Cc}|\p{Bidi_Control}/u.test(character),
    );
    expect(controls).toEqual([]);
  });

  it('says the same with colours as without', () => {
    const colored = renderConsoleSummary(buildFailedRun(), { ...plain, color: true });
    expect(colored).toContain('\u001b[');
    expect(stripVTControlCharacters(colored)).toBe(renderConsoleSummary(buildFailedRun(), plain));
  });

  it('ends with the verdict', () => {
    const lines = renderConsoleSummary(buildRunResult(), plain).trimEnd().split('\n');
    expect(lines.at(-1)).toMatch(/✓ PASSED {3}1,000 of 1,000 devices assigned/);
  });

  it('says where the report is, when there is one', () => {
    expect(renderConsoleSummary(buildRunResult(), { ...plain, reportPath: 'out/index.html' })).toContain(
      'out/index.html',
    );
    expect(renderConsoleSummary(buildRunResult(), plain)).not.toContain('REPORT');
  });

  it('shows cells that need a look first and counts those it leaves out', () => {
    const summary = renderConsoleSummary(buildWideMatrixRun(), plain);
    const marks = Array.from(summary.matchAll(/^ {4}([✓✗]) .* \/ /gm), ([, mark]) => mark);
    expect(marks.slice(0, 2)).toEqual(['✗', '✗']);
    expect(summary).toContain(`… and ${200 - marks.length} more cells`);
  });
});
