import { describe, expect, it } from 'vitest';
import { renderMarkdown } from './markdown.ts';
import { buildErrors, buildRunResult } from './testing/build-run-result.ts';
import { buildWideMatrixRun, runResultFixtures } from './testing/run-result-fixtures.ts';

/** How many cells each row of a table has, where a bar after a backslash is text (GFM, Tables). */
function cellsPerRow(markdown: string): readonly number[] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .map((line) => line.replaceAll('\\|', '').split('|').length - 2);
}

// What GFM takes literally: a punctuation character after a backslash, and what stands between two equal runs of
// back-ticks; whichever comes first.
const escapeOrCodeSpan = /\\[!-/:-@[-`{-~]|(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)/g;

describe('renderMarkdown', () => {
  it.each(Object.entries(runResultFixtures))(
    'gives all rows of a table the same number of cells: %s',
    (_, build) => {
      const tables = renderMarkdown(build())
        .split('\n\n')
        .filter((block) => block.startsWith('|'));
      for (const table of tables) expect(new Set(cellsPerRow(table)).size).toBe(1);
    },
  );

  it('lets hostile text be neither HTML nor Markdown', () => {
    const live = renderMarkdown(runResultFixtures.hostile()).replaceAll(escapeOrCodeSpan, '');
    expect(live).not.toMatch(/<(?!\/?sub>)/);
    expect(live).not.toMatch(/[`[\]_]/);
    expect(live).not.toMatch(/^# x/m);
  });

  it('fences a code that has back-ticks in it', () => {
    const result = buildRunResult({ errors: buildErrors([['a``b', 1]]) });
    expect(renderMarkdown(result)).toContain('```a``b```');
  });

  it('stays small enough for a job summary', () => {
    const markdown = renderMarkdown(buildWideMatrixRun());
    expect(markdown).toContain('And 150 more cells: see index.html.');
    expect(markdown.length).toBeLessThan(64_000);
  });
});
